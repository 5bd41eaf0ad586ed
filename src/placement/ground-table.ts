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

/** Numbers values, so that keys are short strings. */
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
}

/** A decision-dependent table as conditions: each possible key with the alternatives under which it holds. */
export class GroundTable {
  readonly #store: FormulaStore
  readonly #values: ValueNumbers
  readonly #drafts = new Map<
    string,
    {
      key: readonly Value[]
      byNumbers: Map<string, { literals: Literal[]; numbers: readonly Term[]; rules: Set<number> }>
    }
  >()
  #tuples: Map<string, GroundTuple> | undefined
  readonly #lookups = new Map<string, Map<string, Literal>>()

  constructor(store: FormulaStore, values: ValueNumbers) {
    this.#store = store
    this.#values = values
  }

  add(key: readonly Value[], literal: Literal, numbers: readonly Term[], rule: number): void {
    if (literal === FALSE) return
    const id = this.#values.key(key)
    let draft = this.#drafts.get(id)
    if (!draft) this.#drafts.set(id, (draft = { key, byNumbers: new Map() }))
    const numbersId = numbers.map(termKey).join(';')
    const same = draft.byNumbers.get(numbersId)
    if (same) {
      same.literals.push(literal)
      same.rules.add(rule)
    } else draft.byNumbers.set(numbersId, { literals: [literal], numbers, rules: new Set([rule]) })
  }

  /** No more tuples come: disjoin what gives one tuple. */
  finish(): void {
    this.#tuples = new Map()
    for (const [id, draft] of this.#drafts) {
      const alternatives = [...draft.byNumbers.values()].map(d => ({
        literal: this.#store.or(d.literals),
        numbers: d.numbers,
        rules: [...d.rules],
      }))
      this.#tuples.set(id, { key: draft.key, alternatives })
    }
    this.#drafts.clear()
  }

  get tuples(): Iterable<GroundTuple> {
    return this.#tuples!.values()
  }

  get(key: readonly Value[]): GroundTuple | undefined {
    return this.#tuples!.get(this.#values.key(key))
  }

  /** Some tuple matches; `pattern` has undefined where anything will do. */
  some(pattern: readonly (Value | undefined)[]): Literal {
    const bound = pattern.flatMap((v, i) => (v === undefined ? [] : [i]))
    const mask = bound.join(',')
    let lookup = this.#lookups.get(mask)
    if (!lookup) this.#lookups.set(mask, (lookup = this.#buildLookup(bound)))
    return lookup.get(this.#values.key(bound.map(i => pattern[i]!))) ?? FALSE
  }

  #buildLookup(bound: readonly number[]): Map<string, Literal> {
    const groups = new Map<string, Literal[]>()
    for (const tuple of this.#tuples!.values()) {
      const id = this.#values.key(bound.map(i => tuple.key[i]!))
      let list = groups.get(id)
      if (!list) groups.set(id, (list = []))
      for (const a of tuple.alternatives) list.push(a.literal)
    }
    return new Map([...groups].map(([id, list]) => [id, this.#store.or(list)]))
  }
}

function termKey(n: Term): string {
  if (isFixedTerm(n)) return `=${JSON.stringify(n.fixed)}`
  const text = (e: Linear): string =>
    isConstant(e) ? `=${e.constant}` : `${e.constant}|${e.nodes.join(',')}|${e.coefficients.join(',')}`
  if (isExtreme(n)) return `${n.extreme}(${n.items.map(i => `${i.literal}:${text(i.num)}`).join(' ')})`
  return n.den ? `${text(n.num)}/${text(n.den)}` : text(n.num)
}
