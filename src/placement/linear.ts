/** A linear expression Σ coefficient·node + constant over nodes of a `FormulaStore` (each 0 or 1, or a product's number). */
export interface Linear {
  /** Node ids, ascending, no repetition. */
  readonly nodes: readonly number[]
  /** One for each node, never 0. */
  readonly coefficients: readonly number[]
  readonly constant: number
}

export const zero: Linear = { nodes: [], coefficients: [], constant: 0 }

export function constant(value: number): Linear {
  return value === 0 ? zero : { nodes: [], coefficients: [], constant: value }
}

export const isConstant = (e: Linear): boolean => e.nodes.length === 0

/** Collects terms; `finish` sorts, merges and drops zeros. */
export class LinearSum {
  readonly #terms = new Map<number, number>()
  #constant = 0

  add(e: Linear, factor = 1): this {
    for (let i = 0; i < e.nodes.length; i++) this.term(e.nodes[i]!, e.coefficients[i]! * factor)
    this.#constant += e.constant * factor
    return this
  }

  term(node: number, coefficient: number): this {
    this.#terms.set(node, (this.#terms.get(node) ?? 0) + coefficient)
    return this
  }

  constant(value: number): this {
    this.#constant += value
    return this
  }

  finish(): Linear {
    const nodes = [...this.#terms.keys()].filter(n => this.#terms.get(n) !== 0).sort((a, b) => a - b)
    return { nodes, coefficients: nodes.map(n => this.#terms.get(n)!), constant: this.#constant }
  }
}

export const scale = (e: Linear, factor: number): Linear => new LinearSum().add(e, factor).finish()
export const plus = (a: Linear, b: Linear, factor = 1): Linear => new LinearSum().add(a).add(b, factor).finish()
