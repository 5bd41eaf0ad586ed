import type { Value } from '../tables/index.ts'
import { FALSE, type FormulaStore, type Literal } from './formula.ts'
import { isConstant, type Linear } from './linear.ts'

/** A value while translating: fixed, or a number that depends on the placement. */
export type Term = { readonly fixed: Value } | Numeric

export const isFixedTerm = (t: Term): t is { readonly fixed: Value } => 'fixed' in t

/** A number that depends on the placement. */
export type Numeric = Quotient | Extreme

/** `num`, or `num / den` for a mean (`den` counts, and is at least 1 where it is read). */
export interface Quotient {
  readonly num: Linear
  readonly den: Linear | undefined
}

/** The largest or smallest of those expressions whose literal holds; at least one does where it is read. */
export interface Extreme {
  readonly extreme: 'max' | 'min'
  readonly items: readonly { readonly literal: Literal; readonly num: Linear }[]
}

export const isExtreme = (n: Numeric): n is Extreme => 'extreme' in n

/** One way a key can hold: under `literal`, with these numbers in its decision-dependent columns. */
export interface Alternative {
  readonly literal: Literal
  readonly numbers: readonly Term[]
  /** Rules (of the judge program) that give it. */
  readonly rules: readonly number[]
}

export interface GroundTuple {
  /** Values of the key columns. */
  readonly key: readonly Value[]
  readonly alternatives: readonly Alternative[]
}

/** A list of values as one number or a short string. */
export type ListKey = number | string

/** Pairs of numbers below this are one number that a double holds exactly. */
const PAIRED = 2 ** 26

/** Numbers values, so that keys are short. */
export class ValueNumbers {
  readonly #ids = new Map<Value, number>()
  id(value: Value): number {
    let id = this.#ids.get(value)
    if (id === undefined) this.#ids.set(value, (id = this.#ids.size))
    return id
  }
  key(values: readonly Value[]): string {
    return values.length === 1 ? String(this.id(values[0]!)) : values.map(v => this.id(v)).join(',')
  }
  /** Likewise, but a number for one value or two; lists of one length have different keys if they differ. */
  listKey(values: readonly Value[]): ListKey {
    if (values.length === 1) return this.id(values[0]!)
    if (values.length !== 2) return this.key(values)
    const [a, b] = [this.id(values[0]!), this.id(values[1]!)]
    return a < PAIRED && b < PAIRED ? a * PAIRED + b : `${a},${b}`
  }
}

interface Draft extends GroundTuple {
  readonly alternatives: DraftAlternative[]
  /** Made once there are many. */
  byNumbers: Map<string, DraftAlternative> | undefined
}

interface DraftAlternative extends Alternative {
  literal: Literal
  /** All literals that give it, from the second on. */
  more: Literal[] | undefined
  numbersId: string
  rules: readonly number[]
}

/** A decision-dependent table as conditions: each possible key with the alternatives under which it holds. */
export class GroundTable {
  readonly #store: FormulaStore
  readonly #values: ValueNumbers
  #drafts = new Map<ListKey, Draft>()
  #tuples: ReadonlyMap<ListKey, GroundTuple> | undefined
  readonly #ruleLists = new Map<number, readonly number[]>()
  readonly #lookups = new Map<string, Map<ListKey, Literal>>()

  constructor(store: FormulaStore, values: ValueNumbers) {
    this.#store = store
    this.#values = values
  }

  add(key: readonly Value[], literal: Literal, numbers: readonly Term[], rule: number): void {
    if (literal === FALSE) return
    const id = this.#values.listKey(key)
    let draft = this.#drafts.get(id)
    if (!draft) this.#drafts.set(id, (draft = { key, alternatives: [], byNumbers: undefined }))
    const numbersId = numbers.length === 0 ? '' : numbers.map(termKey).join(';')
    const same = sameNumbers(draft, numbersId)
    if (!same) {
      const alternative = { literal, more: undefined, numbers, numbersId, rules: this.#listOf(rule) }
      draft.alternatives.push(alternative)
      draft.byNumbers?.set(numbersId, alternative)
      return
    }
    if (same.more) same.more.push(literal)
    else same.more = [same.literal, literal]
    if (!same.rules.includes(rule)) same.rules = [...same.rules, rule]
  }

  /** No more tuples come: disjoin what gives one tuple. */
  finish(): void {
    for (const draft of this.#drafts.values()) {
      draft.byNumbers = undefined
      for (const a of draft.alternatives) {
        if (a.more) a.literal = this.#store.or(a.more)
        a.more = undefined
        a.numbersId = ''
      }
    }
    this.#tuples = this.#drafts
    this.#drafts = new Map()
  }

  /** A list of one rule, the same for all who ask. */
  #listOf(rule: number): readonly number[] {
    let list = this.#ruleLists.get(rule)
    if (!list) this.#ruleLists.set(rule, (list = [rule]))
    return list
  }

  get tuples(): Iterable<GroundTuple> {
    return this.#tuples!.values()
  }

  get(key: readonly Value[]): GroundTuple | undefined {
    return this.#tuples!.get(this.#values.listKey(key))
  }

  /** Some tuple matches; `pattern` has undefined where anything will do. */
  some(pattern: readonly (Value | undefined)[]): Literal {
    const bound = pattern.flatMap((v, i) => (v === undefined ? [] : [i]))
    const mask = bound.join(',')
    let lookup = this.#lookups.get(mask)
    if (!lookup) this.#lookups.set(mask, (lookup = this.#buildLookup(bound)))
    return lookup.get(this.#values.listKey(bound.map(i => pattern[i]!))) ?? FALSE
  }

  #buildLookup(bound: readonly number[]): Map<ListKey, Literal> {
    const groups = new Map<ListKey, Literal[]>()
    for (const tuple of this.#tuples!.values()) {
      const id = this.#values.listKey(bound.map(i => tuple.key[i]!))
      let list = groups.get(id)
      if (!list) groups.set(id, (list = []))
      for (const a of tuple.alternatives) list.push(a.literal)
    }
    return new Map([...groups].map(([id, list]) => [id, this.#store.or(list)]))
  }
}

/** Alternatives of one key from which they are looked up in a map: nearly all keys have one. */
const MANY = 8

function sameNumbers(draft: Draft, numbersId: string): DraftAlternative | undefined {
  const { alternatives } = draft
  if (alternatives.length < MANY) return alternatives.find(a => a.numbersId === numbersId)
  draft.byNumbers ??= new Map(alternatives.map(a => [a.numbersId, a]))
  return draft.byNumbers.get(numbersId)
}

function termKey(n: Term): string {
  if (isFixedTerm(n)) return `=${JSON.stringify(n.fixed)}`
  const text = (e: Linear): string =>
    isConstant(e) ? `=${e.constant}` : `${e.constant}|${e.nodes.join(',')}|${e.coefficients.join(',')}`
  if (isExtreme(n)) return `${n.extreme}(${n.items.map(i => `${i.literal}:${text(i.num)}`).join(' ')})`
  return n.den ? `${text(n.num)}/${text(n.den)}` : text(n.num)
}
