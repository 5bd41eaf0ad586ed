import type { Program } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import { FALSE, type FormulaStore, type Literal, TRUE } from './formula.ts'
import { EPSILON } from './granularity.ts'
import type { Grounding } from './ground.ts'
import { type Extreme, type GroundTuple, isExtreme, isFixedTerm, type Numeric } from './ground-table.ts'
import { isConstant, type Linear, LinearSum } from './linear.ts'
import { asNumeric } from './numeric.ts'

/** A tuple of an `error` or `warning` table that some placement violates. */
export interface Violable {
  readonly role: 'error' | 'warning'
  readonly table: string
  /** Key columns; columns that are numbers depending on the placement are undefined. */
  readonly row: readonly (Value | undefined)[]
  readonly literal: Literal
  /** Rules of the judge program. */
  readonly rules: readonly number[]
}

/** One lexicographic level of what is minimised. */
export interface Level {
  readonly name: string
  readonly kind: 'errors' | 'warnings' | 'cost'
  /** For costs. */
  readonly priority: number
  readonly expr: Linear
}

export interface Aims {
  readonly violables: readonly Violable[]
  /** Errors, warnings, costs by falling priority. */
  readonly levels: readonly Level[]
  /** Rules left out because of what their data turned out to be, with the reason. */
  readonly refused: ReadonlyMap<number, string>
}

/** Add up what the roles' tables say into lexicographic levels. */
export function readAims(
  program: Program,
  grounding: Grounding,
  columns: ReadonlyMap<string, readonly string[]>,
): Aims {
  const { store } = grounding
  const violables: Violable[] = []
  const sums = { error: new LinearSum(), warning: new LinearSum() }
  const costs = new Map<number, LinearSum>()
  const refused = new Map<number, string>()
  refuseLostWeights(program, grounding, columns, refused)
  for (const [table, ground] of grounding.tables) {
    const role = program.tables.get(table)?.role
    const kinds = columns.get(table) ?? []
    if (role === 'error' || role === 'warning')
      for (const tuple of ground.tuples)
        for (const { literal, rules } of tuple.alternatives) {
          if (literal === FALSE) continue
          violables.push({ role, table, row: fullRow(tuple, kinds), literal, rules })
          sums[role].add(store.literal(literal))
        }
    else if (role === 'cost') for (const tuple of ground.tuples) addCost(store, tuple, kinds, costs, refused)
  }
  const levels: Level[] = [
    { name: 'errors', kind: 'errors', priority: 0, expr: sums.error.finish() },
    { name: 'warnings', kind: 'warnings', priority: 0, expr: sums.warning.finish() },
  ]
  for (const priority of [...costs.keys()].sort((a, b) => b - a))
    levels.push({ name: `cost ${priority}`, kind: 'cost', priority, expr: costs.get(priority)!.finish() })
  return { violables, levels, refused }
}

/** Weights so small beside others of their priority that a sum of doubles, or a solver's tolerance, does not keep them. */
function refuseLostWeights(
  program: Program,
  grounding: Grounding,
  columns: ReadonlyMap<string, readonly string[]>,
  refused: Map<number, string>,
): void {
  const largest = new Map<Value | undefined, number>()
  const weights: { priority: Value | undefined; weight: number; rules: readonly number[] }[] = []
  for (const [table, ground] of grounding.tables) {
    if (program.tables.get(table)?.role !== 'cost' || (columns.get(table)?.[1] ?? 'fixed') !== 'fixed') continue
    for (const { key, alternatives } of ground.tuples) {
      const [priority, value] = key
      if (typeof value !== 'number' || value === 0) continue
      const weight = Math.abs(value)
      largest.set(priority, Math.max(largest.get(priority) ?? 0, weight))
      for (const { rules } of alternatives) weights.push({ priority, weight, rules })
    }
  }
  for (const { priority, weight, rules } of weights) {
    const most = largest.get(priority)!
    if (weight >= most * EPSILON) continue
    for (const rule of rules)
      refused.set(rule, `its weight ${weight} is lost beside ${most}; give it a lower priority of its own`)
  }
}

function addCost(
  store: FormulaStore,
  tuple: GroundTuple,
  kinds: readonly string[],
  costs: Map<number, LinearSum>,
  refused: Map<number, string>,
): void {
  const priority = tuple.key[0]
  const fixedWeight = kinds[1] === undefined || kinds[1] === 'fixed' ? tuple.key[1] : undefined
  const perRule = new Map<number, number>()
  for (const a of tuple.alternatives) for (const rule of a.rules) perRule.set(rule, (perRule.get(rule) ?? 0) + 1)
  for (const [rule, n] of perRule)
    if (n > 1)
      refused.set(
        rule,
        'it gives several weights for one key, and equal ones would count once; add a key column that tells them apart',
      )
  // Two rules may come to one weight for one key, and then count once too; weights that do not vary were told apart when they were read.
  if (perRule.size > 1)
    for (const { numbers, rules } of tuple.alternatives)
      if (numbers[0] !== undefined && !isFixedTerm(numbers[0]) && tuple.alternatives.length > 1)
        for (const rule of rules)
          refused.set(
            rule,
            'another rule gives a weight for the same key, and equal ones would count once; add a key column',
          )
  if (typeof priority !== 'number') {
    for (const rule of perRule.keys()) refused.set(rule, 'its priority is not a number')
    return
  }
  let sum = costs.get(priority)
  if (!sum) costs.set(priority, (sum = new LinearSum()))
  for (const { literal, numbers, rules } of tuple.alternatives) {
    if (rules.some(r => refused.has(r))) continue
    if (kinds[1] !== undefined && kinds[1] !== 'fixed') {
      const weight = asNumeric(numbers[0]!)
      const term = weight ? weighted(store, literal, weight) : 'its weight is not a number'
      if (typeof term !== 'string') sum.add(term)
      else for (const rule of rules) refused.set(rule, term)
    } else if (typeof fixedWeight === 'number') sum.add(store.literal(literal, fixedWeight))
    else for (const rule of rules) refused.set(rule, 'its weight is not a number')
  }
}

/**
 * literal × weight, or why not. `w` guarded by `w > 0` is max(0, w), which needs no binary column; the largest of several weights is a
 * column above them all.
 */
function weighted(store: FormulaStore, literal: Literal, weight: Numeric): Linear | string {
  if (isExtreme(weight)) return largest(store, literal, weight)
  const { num } = weight
  if (!isConstant(num) && (literal === store.atLeast(num, 0, true) || literal === store.atLeast(num, 0, false)))
    return store.maximum([{ literal: TRUE, expr: num }], 0)
  return store.product(literal, num)
}

function largest(store: FormulaStore, literal: Literal, { extreme, items }: Extreme): Linear | string {
  if (extreme === 'min')
    return 'the smallest of several numbers can not be minimised by a linear program; a maximum can'
  const someHolds = store.or(items.map(i => i.literal))
  if (literal !== TRUE && literal !== someHolds) return 'a maximum that another condition guards can not be minimised'
  const floor = Math.min(...items.map(i => store.bounds(i.num)[0]))
  if (someHolds !== TRUE && floor < 0)
    return 'a maximum that may be negative, over what may be nothing, can not be minimised'
  return store.maximum(
    items.map(i => ({ literal: i.literal, expr: i.num })),
    someHolds === TRUE ? floor : 0,
  )
}

function fullRow(tuple: GroundTuple, kinds: readonly string[]): (Value | undefined)[] {
  if (kinds.length === 0) return [...tuple.key]
  let k = 0
  return kinds.map(kind => (kind === 'fixed' ? tuple.key[k++]! : undefined))
}
