import { fail } from '../diagnostic/index.ts'
import type { Value } from '../tables/index.ts'
import { evaluateWorld } from './evaluate.ts'
import type { World } from './world.ts'

/** The mark of a rule that tells what hosts draw: `// @power` on a comment line above it. */
const POWER = /^@power\b/

/** Watts in all, as the policy tells them. */
export interface Power {
  readonly before: number
  readonly after: number
}

/**
 * What the tables marked `// @power` come to now and with VMs elsewhere: the sum of their last columns. Undefined: no rule is marked.
 *
 * @throws DiagnosticError `plan/bad-power`
 */
export function powerOf(
  world: Pick<World, 'program' | 'tables'>,
  moves: readonly { readonly vm: Value; readonly to: Value }[],
): Power | undefined {
  const marked = world.program.rules.filter(rule => rule.comments.some(line => POWER.test(line.trim())))
  if (marked.length === 0) return undefined
  const rules = new Map(marked.map(rule => [rule.head.table, rule]))
  const evaluator = evaluateWorld(world)
  const watts = () =>
    [...rules].reduce(
      (sum, [table, { span }]) =>
        sum +
        evaluator.view.rows(table).reduce((all, row) => {
          const last = row.at(-1)
          if (typeof last === 'number' && last >= 0) return all + last
          return fail('plan/bad-power', `this rule gives \`${last ?? null}\` as the power of \`${row[0] ?? null}\``, {
            span,
            help: 'let its last column be watts, a number from 0',
          })
        }, 0),
      0,
    )
  const end = new Map(moves.map(({ vm, to }) => [vm, to]))
  const removed = (world.tables.get('nova:location')?.rows ?? []).filter(([vm = null]) => end.has(vm))
  const inserted = removed.map(([vm = null, _, ...rest]) => [vm, end.get(vm)!, ...rest])
  const before = watts()
  return { before, after: evaluator.whatIf([{ table: 'nova:location', inserted, removed }], watts) }
}
