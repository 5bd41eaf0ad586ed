import { type Lint, soundRules } from './lint.ts'

/**
 * A variable that occurs once joins nothing and is told to nobody: `_` says so, and a slip of the pen looks just like it.
 * Names that begin with `_` are left alone, and so are variables inside braces, where each one counts as part of a binding.
 */
export const singleUse: Lint = (context, report) => {
  for (const { lowered } of soundRules(context)) {
    const uses = new Map<number, number>()
    for (const o of lowered.occurrences) uses.set(o.index, (uses.get(o.index) ?? 0) + 1)
    for (const o of lowered.occurrences) {
      const name = lowered.variables[o.index]!
      if (uses.get(o.index) !== 1 || o.depth > 0 || o.place.kind === 'head' || name.startsWith('_')) continue
      report({
        code: 'language/single-use',
        severity: 'warning',
        message: `variable \`${name}\` is used once only`,
        span: o.span,
        help: `write \`_\` if any value will do, or \`_${name}\` to keep the name`,
      })
    }
  }
}
