import type { Diagnostic } from '../../diagnostic/index.ts'
import type { LiteralAst, PolicyAst } from '../ast.ts'
import { lex } from './lexer.ts'
import { Parser } from './statements.ts'

/** Reports of one text: a file that is no policy at all should not fill the screen for ever. */
const DIAGNOSTIC_LIMIT = 1000

/**
 * Parse a policy. Never throws, on any text, and takes linear time: every syntax error is a diagnostic, in order of place, and
 * the statements without one are in the tree all the same. `file` is the name that messages show, and gives the policy its name
 * when no `policy NAME` does.
 */
export function parsePolicy(text: string, file: string): { policy: PolicyAst; diagnostics: Diagnostic[] } {
  const tokens = lex(text, file)
  const { declaration, statements, diagnostics } = new Parser(tokens).policy()
  const policy: PolicyAst = {
    kind: 'policy',
    name: declaration?.name ?? baseName(file),
    ...(declaration ? { declaration } : {}),
    file,
    text,
    statements,
    comments: tokens.comments,
  }
  return { policy, diagnostics: inOrder(diagnostics) }
}

/** Parse a query, the literals of a body: `error(x), not excused(x)`. With an error the list of literals is empty. */
export function parseQuery(text: string): { literals: LiteralAst[]; diagnostics: Diagnostic[] } {
  const { literals, diagnostics } = new Parser(lex(text, '<query>')).query()
  return { literals, diagnostics: inOrder(diagnostics) }
}

function inOrder(diagnostics: Diagnostic[]): Diagnostic[] {
  const sorted = diagnostics.sort((a, b) => a.span!.start - b.span!.start)
  const last = sorted[DIAGNOSTIC_LIMIT]
  if (!last) return sorted
  const message = `${sorted.length - DIAGNOSTIC_LIMIT} more errors are not shown`
  return [
    ...sorted.slice(0, DIAGNOSTIC_LIMIT),
    { code: 'language/too-many-errors', severity: 'error', message, ...(last.span ? { span: last.span } : {}) },
  ]
}

/** `policies/ha.dl` is the policy `ha`. */
function baseName(file: string): string {
  const base = file.replace(/^.*[/\\]/, '')
  return base.replace(/(?<=.)\.[^.]*$/, '')
}
