import type { AtomLiteral, CoreLiteral } from '../../core.ts'
import { Apart } from './apart.ts'
import { Equalities } from './equalities.ts'
import { bodiesOf, type Lint, type Report, soundRules } from './lint.ts'

/**
 * A table joined with itself, where both literals can match one and the same row: `nova:location(VM1, s), nova:location(VM2, s)`
 * pairs each VM with itself, so that a rule about two VMs fires for one. Only joins on the same column count: `edge(x, y),
 * edge(y, z)` walks from row to row, and a row that meets itself there is a loop that was meant to be found.
 * A comparison or a negated literal that mentions both variables is taken to keep them apart, and so is a derived table whose rules
 * keep its columns apart.
 */
export const selfJoin: Lint = (context, report) => {
  const apart = new Apart(context.entries)
  for (const { lowered } of soundRules(context))
    for (const body of bodiesOf(lowered.body)) checkBody(body, lowered.variables, apart, report)
}

function checkBody(body: readonly CoreLiteral[], variables: readonly string[], apart: Apart, report: Report): void {
  const byTable = new Map<string, AtomLiteral[]>()
  for (const literal of body)
    if (literal.kind === 'atom' && !literal.negated)
      byTable.set(literal.table, [...(byTable.get(literal.table) ?? []), literal])
  const candidates = [...byTable.values()].filter(atoms => atoms.length > 1)
  if (candidates.length === 0) return
  const equal = new Equalities(body)
  for (const atoms of candidates)
    for (const [i, first] of atoms.entries())
      for (const second of atoms.slice(i + 1, i + 20)) {
        const pairs = differing(first, second, variables, equal)
        if (pairs === undefined || pairs.length === 0 || pairs.some(([x, y]) => apart.variables(x, y, body, equal)))
          continue
        const [x, y] = pairs[0]!.map(v => variables[v]!) as [string, string]
        report({
          code: 'language/self-join',
          severity: 'warning',
          message: `\`${x}\` and \`${y}\` may be the same: both literals can match one row`,
          span: second.span,
          help: `add \`${x} != ${y}\``,
          notes: [{ message: 'the other literal', span: first.span }],
        })
      }
}

/**
 * Pairs of named variables at the same column that must be equal for one row to match both literals; undefined where the literals
 * are no join on the same column, or cannot match one row.
 */
function differing(
  a: AtomLiteral,
  b: AtomLiteral,
  variables: readonly string[],
  equal: Equalities,
): (readonly [number, number])[] | undefined {
  const pairs: (readonly [number, number])[] = []
  let joined = false
  for (const [i, x] of a.args.entries()) {
    const y = b.args[i]
    if (x.kind === 'constant' && y?.kind === 'constant' && x.value !== y.value) return undefined
    if (x.kind !== 'variable' || y?.kind !== 'variable') continue
    if (equal.same(x.index, y.index)) joined = true
    else if (equal.differ(x.index, y.index)) return undefined
    else if (!variables[x.index]!.startsWith('_') && !variables[y.index]!.startsWith('_'))
      pairs.push([x.index, y.index])
  }
  return joined && !crosses(a, b, equal) ? pairs : undefined
}

/** Some variable stands in both literals at different columns. */
function crosses(a: AtomLiteral, b: AtomLiteral, equal: Equalities): boolean {
  return a.args.some(
    (x, i) =>
      x.kind === 'variable' && b.args.some((y, j) => i !== j && y.kind === 'variable' && equal.same(x.index, y.index)),
  )
}
