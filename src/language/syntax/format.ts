import type { Diagnostic } from '../../diagnostic/index.ts'
import type { PolicyAst } from '../ast.ts'
import { clean, formatPolicy } from './layout.ts'
import { parsePolicy } from './parse.ts'

/**
 * Format a policy's text. With syntax errors there is no text, only diagnostics. The result is parsed again: should its tree or its
 * comments differ from the original's, that is a fault of ours, and an error is thrown rather than a changed policy returned.
 */
export function format(text: string, file: string): { text: string | undefined; diagnostics: Diagnostic[] } {
  const { policy, diagnostics } = parsePolicy(text, file)
  if (diagnostics.length > 0) return { text: undefined, diagnostics }
  const formatted = formatPolicy(policy)
  const again = parsePolicy(formatted, file)
  if (again.diagnostics.length > 0 || essence(policy) !== essence(again.policy))
    throw new Error(`the formatter would change the meaning of ${file}`)
  return { text: formatted, diagnostics: [] }
}

/** A policy without its places and layout, to compare two. */
export function essence(policy: PolicyAst): string {
  const { name, statements, comments } = policy
  return JSON.stringify([name, statements, comments.map(c => clean(c.text))], (key, value: unknown) =>
    key === 'span' || key === 'columnSpan' || key === 'bare' ? undefined : value,
  )
}
