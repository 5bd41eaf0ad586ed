import type { Value } from '../../../tables/index.ts'
import type { CoreLiteral } from '../../core.ts'

/** What a body's plain equalities say: which variables are one, and which have a constant value. Union-find. */
export class Equalities {
  readonly #parent = new Map<number, number>()
  readonly #constant = new Map<number, Value>()
  /** Two constants, or a variable and two constants, that cannot be equal. */
  contradiction: CoreLiteral | undefined

  constructor(body: readonly CoreLiteral[]) {
    for (const literal of body) {
      if (literal.kind !== 'compare' || literal.operator !== '=' || literal.negated) continue
      const { left, right } = literal
      if (left.kind === 'variable' && right.kind === 'variable') this.#join(left.index, right.index, literal)
      else if (left.kind === 'variable' && right.kind === 'constant') this.#fix(left.index, right.value, literal)
      else if (left.kind === 'constant' && right.kind === 'variable') this.#fix(right.index, left.value, literal)
      else if (left.kind === 'constant' && right.kind === 'constant' && left.value !== right.value)
        this.contradiction ??= literal
    }
  }

  /** One number for all variables that are equal. */
  find(v: number): number {
    let root = v
    for (let p = this.#parent.get(root); p !== undefined; p = this.#parent.get(root)) root = p
    return root
  }

  same(x: number, y: number): boolean {
    return this.find(x) === this.find(y)
  }

  /** Both have constant values, and not the same. */
  differ(x: number, y: number): boolean {
    const a = this.constant(x)
    const b = this.constant(y)
    return a !== undefined && b !== undefined && a !== b
  }

  /** A variable's constant value; undefined when it has none. */
  constant(v: number): Value | undefined {
    return this.#constant.get(this.find(v))
  }

  #join(x: number, y: number, literal: CoreLiteral): void {
    const a = this.find(x)
    const b = this.find(y)
    if (a === b) return
    const value = this.#constant.get(a)
    this.#parent.set(a, b)
    if (value !== undefined) this.#fix(b, value, literal)
  }

  #fix(v: number, value: Value, literal: CoreLiteral): void {
    const root = this.find(v)
    const known = this.#constant.get(root)
    if (known === undefined) this.#constant.set(root, value)
    else if (known !== value) this.contradiction ??= literal
  }
}
