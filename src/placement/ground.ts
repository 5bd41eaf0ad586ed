import type { AggregateOperator, CoreRule, CoreTerm, Wildcard } from '../language/index.ts'
import type { Row, Value } from '../tables/index.ts'
import type { Analysis } from './analysis.ts'
import { LOCATION } from './decision.ts'
import { FALSE, FormulaStore, type Literal, negate, TRUE } from './formula.ts'
import type { GroundBody, GroundProgram, GroundStep } from './ground-program.ts'
import {
  type Extreme,
  GroundTable,
  isExtreme,
  isFixedTerm,
  type ListKey,
  type Numeric,
  type Term,
  ValueNumbers,
} from './ground-table.ts'
import type { JudgeProgram } from './judge-program.ts'
import { isConstant, type Linear, LinearSum, scale, zero } from './linear.ts'
import { asNumeric, compareTerms, evaluateTerm } from './numeric.ts'
import type { ColumnKinds } from './split-body.ts'
import type { Universe } from './universe.ts'

/** The delegated rules as conditions over "vm is on host". */
export interface Grounding {
  readonly store: FormulaStore
  /** Every needed decision-dependent table. */
  readonly tables: ReadonlyMap<string, GroundTable>
}

/** Makes the table that says where VMs may be. */
export type LocationOf = (store: FormulaStore, values: ValueNumbers, universe: Universe) => GroundTable

/** Reads the rows of a table of the ground program. */
export type RowsOf = (table: string) => readonly Row[]

/**
 * Turn the rows that the ground program lists into conditions, table after table in order of dependency.
 * Work and memory are proportional to the number of possible bindings.
 * @param location where VMs may be; by default every VM of the universe on each of its hosts
 * @throws GroundRefusal naming the rule, where the data takes it out of the translatable class
 */
export function ground(
  judge: JudgeProgram,
  analysis: Analysis,
  program: GroundProgram,
  universe: Universe,
  rows: RowsOf,
  location: LocationOf = locationTable,
): Grounding {
  const store = new FormulaStore(universe.hostsOf)
  const values = new ValueNumbers()
  const tables = new Map<string, GroundTable>([[LOCATION, location(store, values, universe)]])
  const rulesOf = new Map<string, CoreRule[]>()
  for (const rule of judge.program.rules)
    if (program.bodies.has(rule.id)) rulesOf.set(rule.head.table, [...(rulesOf.get(rule.head.table) ?? []), rule])
  for (const name of analysis.tables) {
    const table = new GroundTable(store, values)
    const kinds = analysis.columns.get(name) ?? []
    for (const rule of rulesOf.get(name) ?? []) {
      try {
        addRule(rule, program.bodies.get(rule.id)!, kinds, table, new BodyTranslator(store, values, tables, rows))
      } catch (error) {
        throw error instanceof GroundRefusal ? new GroundRefusal(error.message, [rule.id]) : error
      }
    }
    table.finish()
    tables.set(name, table)
  }
  return { store, tables }
}

function addRule(
  rule: CoreRule,
  body: GroundBody,
  kinds: ColumnKinds,
  table: GroundTable,
  translator: BodyTranslator,
): void {
  const isKey = rule.head.args.map((_, i) => (kinds[i] ?? 'fixed') === 'fixed')
  const keys = rule.head.args.filter((_, i) => isKey[i])
  const others = rule.head.args.filter((_, i) => !isKey[i])
  translator.each(body, (literal, terms) => {
    table.add(
      keys.map(arg => keyValue(arg, terms)),
      literal,
      others.length === 0 ? none : others.map(arg => termOf(arg, terms.term)),
      rule.id,
    )
  })
}

function locationTable(store: FormulaStore, values: ValueNumbers, universe: Universe): GroundTable {
  const table = new GroundTable(store, values)
  universe.hostsOf.forEach((hosts, vm) => {
    for (const host of hosts)
      table.add([universe.vms[vm]!, universe.hosts[host]!], hosts.length === 1 ? TRUE : store.atom(vm, host), [], -1)
  })
  table.finish()
  return table
}

/** One way to satisfy a body: the condition, and what each variable is under it; `term` is good only until the call returns. */
type Found = (literal: Literal, terms: Terms) => void

/** What the variables of a binding are. */
interface Terms {
  readonly term: (variable: number) => Term
  /** Of a variable that is known to be fixed, without an object about it. */
  readonly value: (variable: number) => Value
}

class BodyTranslator {
  readonly #store: FormulaStore
  readonly #values: ValueNumbers
  readonly #tables: ReadonlyMap<string, GroundTable>
  readonly #rows: RowsOf
  /** Aggregates by step and group, so that rules that list a group often fold it once. */
  readonly #aggregates = new Map<GroundStep, Map<ListKey, Folded>>()
  readonly #patterns = new Map<GroundStep, Pattern>()

  constructor(store: FormulaStore, values: ValueNumbers, tables: ReadonlyMap<string, GroundTable>, rows: RowsOf) {
    this.#store = store
    this.#values = values
    this.#tables = tables
    this.#rows = rows
  }

  each(body: GroundBody, found: Found): void {
    const column: number[] = []
    body.columns.forEach((v, i) => {
      column[v] = i
    })
    // INVARIANT: every way through the steps sets each number before it is read, so none needs to be forgotten.
    const numbers: Term[] = []
    let row: Row = []
    const terms: Terms = {
      term: variable => {
        const at = column[variable]
        return at === undefined ? numbers[variable]! : { fixed: row[at]! }
      },
      value: variable => {
        const at = column[variable]
        return at === undefined ? fixedValue(numbers[variable]!) : row[at]!
      },
    }
    for (row of this.#rows(body.table)) this.#follow(body.steps, 0, TRUE, numbers, terms, found)
  }

  /** Depth first over the steps; only a literal with several alternatives branches. */
  #follow(
    steps: readonly GroundStep[],
    at: number,
    literal: Literal,
    numbers: Term[],
    terms: Terms,
    found: Found,
  ): void {
    if (literal === FALSE) return
    const step = steps[at]
    if (!step) {
      found(literal, terms)
      return
    }
    const next = (l: Literal): void => this.#follow(steps, at + 1, this.#store.and([literal, l]), numbers, terms, found)
    const { term } = terms
    switch (step.kind) {
      case 'holds':
        this.#holds(step, numbers, terms, next)
        return
      case 'bind': {
        const value = evaluateTerm(step.expr, term)
        if (!value) return
        numbers[step.variable] = value
        next(TRUE)
        return
      }
      case 'compare': {
        const left = evaluateTerm(step.literal.left, term)
        const right = evaluateTerm(step.literal.right, term)
        const holds = left && right ? compareTerms(this.#store, step.literal.operator, left, right) : FALSE
        next(step.literal.negated ? negate(holds) : holds)
        return
      }
      case 'aggregate': {
        const folded = this.#fold(step, terms)
        const value = resultOf(step.literal.operator, folded)
        if (!value) return
        numbers[step.literal.result.index] = value
        next(this.#store.and([this.#filled(step.literal.operator, folded), folded.sound]))
      }
    }
  }

  #holds(step: GroundStep & { kind: 'holds' }, numbers: Term[], terms: Terms, next: (l: Literal) => void): void {
    const table = this.#tables.get(step.literal.table)
    const { keys, others } = this.#patternOf(step)
    if (step.literal.negated) {
      const pattern = keys.map(arg => (arg.kind === 'wildcard' ? undefined : keyValue(arg, terms)))
      next(table ? negate(table.some(pattern)) : TRUE)
      return
    }
    const tuple = table?.get(keys.map(arg => keyValue(arg as CoreTerm, terms)))
    for (const alternative of tuple?.alternatives ?? []) {
      others.forEach((arg, n) => {
        if (arg.kind === 'variable') numbers[arg.index] = alternative.numbers[n]!
      })
      next(alternative.literal)
    }
  }

  /** A literal's arguments: those that are keys of its table, and those that are numbers. */
  #patternOf(step: GroundStep & { kind: 'holds' }): Pattern {
    let pattern = this.#patterns.get(step)
    if (!pattern) {
      const args: readonly (CoreTerm | Wildcard)[] = step.literal.args
      const isKey = (i: number): boolean => (step.columns?.[i] ?? 'fixed') === 'fixed'
      pattern = { keys: args.filter((_, i) => isKey(i)), others: args.filter((_, i) => !isKey(i)) }
      this.#patterns.set(step, pattern)
    }
    return pattern
  }

  /** Aggregates that fail over nothing need one binding at least. */
  #filled(operator: AggregateOperator, { count, items }: Folded): Literal {
    if (operator === 'mean') return this.#store.atLeast(count, 1, false)
    return operator === 'min' || operator === 'max' ? this.#store.or(items.map(i => i.literal)) : TRUE
  }

  #fold(step: GroundStep & { kind: 'aggregate' }, terms: Terms): Folded {
    let groups = this.#aggregates.get(step)
    if (!groups) this.#aggregates.set(step, (groups = this.#foldAll(step)))
    return groups.get(this.#groupKey(step, terms)) ?? nothing
  }

  #groupKey(step: GroundStep & { kind: 'aggregate' }, { value }: Terms): ListKey {
    return this.#values.listKey(step.literal.groupBy.map(value))
  }

  #foldAll(step: GroundStep & { kind: 'aggregate' }): Map<ListKey, Folded> {
    const drafts = new Map<ListKey, FoldDraft>()
    const contribution = this.#valueReader(step)
    const { operator } = step.literal
    this.each(step.body, (literal, terms) => {
      const key = this.#groupKey(step, terms)
      let draft = drafts.get(key)
      if (!draft) drafts.set(key, (draft = { sum: new LinearSum(), count: new LinearSum(), items: [], unsound: [] }))
      if (operator === 'count' || operator === 'mean') draft.count.add(this.#store.literal(literal))
      if (operator !== 'count') this.#contribute(draft, operator, literal, contribution(terms))
    })
    return new Map(
      [...drafts].map(([key, d]) => [
        key,
        { sum: d.sum.finish(), count: d.count.finish(), items: d.items, sound: negate(this.#store.or(d.unsound)) },
      ]),
    )
  }

  #contribute(draft: FoldDraft, operator: AggregateOperator, literal: Literal, value: Term | undefined): void {
    const extreme = operator === 'min' || operator === 'max'
    if (extreme && value && isFixedTerm(value) && typeof value.fixed === 'string')
      throw new GroundRefusal(`\`${operator}\` over text that depends on the placement is not translated`)
    const number = value && asNumeric(value)
    if (!number || isExtreme(number)) draft.unsound.push(literal)
    else if (extreme) draft.items.push({ literal, num: number.num })
    else draft.sum.add(this.#store.product(literal, number.num))
  }

  /** Reads what a binding contributes; undefined where its arithmetic failed, which makes the whole aggregate fail. */
  #valueReader(step: GroundStep & { kind: 'aggregate' }): (terms: Terms) => Term | undefined {
    const { value, valueTable, body } = step
    if (valueTable === undefined) return ({ term }) => (value ? evaluateTerm(value, term) : { fixed: 0 })
    const known = new Map(this.#rows(valueTable).map(row => [this.#values.listKey(row.slice(0, -1)), row.at(-1)!]))
    return ({ value }) => {
      const found = known.get(this.#values.listKey(body.columns.map(v => value(v))))
      return found === undefined ? undefined : { fixed: found }
    }
  }
}

interface FoldDraft {
  readonly sum: LinearSum
  readonly count: LinearSum
  readonly items: Extreme['items'][number][]
  readonly unsound: Literal[]
}

interface Pattern {
  readonly keys: readonly (CoreTerm | Wildcard)[]
  readonly others: readonly (CoreTerm | Wildcard)[]
}

/** A group of an aggregate, over all bindings that some placement gives. */
interface Folded {
  readonly sum: Linear
  /** Of `count` and `mean` alone. */
  readonly count: Linear
  readonly items: Extreme['items']
  /** No binding is there whose value is not a number. */
  readonly sound: Literal
}

const nothing: Folded = { sum: zero, count: zero, items: [], sound: TRUE }

function resultOf(operator: AggregateOperator, { sum, count, items }: Folded): Numeric | undefined {
  if (operator === 'count') return { num: count, den: undefined }
  if (operator === 'sum') return { num: sum, den: undefined }
  if (operator === 'min' || operator === 'max') return { extreme: operator, items }
  if (!isConstant(count)) return { num: sum, den: count }
  return count.constant === 0 ? undefined : { num: scale(sum, 1 / count.constant), den: undefined }
}

/** Data showed that rules are outside the translatable class after all. */
export class GroundRefusal extends Error {
  /** Ids in the judge program. */
  readonly rules: readonly number[]

  constructor(message: string, rules: readonly number[] = []) {
    super(message)
    this.rules = rules
  }
}

const none: readonly Term[] = []

const keyValue = (arg: CoreTerm, { value }: Terms): Value => (arg.kind === 'constant' ? arg.value : value(arg.index))

const termOf = (arg: CoreTerm, term: (v: number) => Term): Term =>
  arg.kind === 'constant' ? { fixed: arg.value } : term(arg.index)

function fixedValue(term: Term): Value {
  if (isFixedTerm(term)) return term.fixed
  throw new Error('a number that depends on the placement reached the translation as a key')
}
