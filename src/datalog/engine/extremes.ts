import { compareValues, type Interner } from '../../tables/index.ts'

/**
 * The least or greatest of a multiset of values under insertion and removal: a count for each distinct value, and a binary heap from
 * which values whose count fell to zero are dropped when they reach the top.
 */
export class Extremes {
  readonly #interner: Interner
  readonly #sign: 1 | -1
  readonly #counts = new Map<number, number>()
  readonly #heap: number[] = []
  #numbers = 0
  #strings = 0

  constructor(interner: Interner, which: 'min' | 'max') {
    this.#interner = interner
    this.#sign = which === 'min' ? 1 : -1
  }

  /** Add or take away one occurrence of a number or a string. */
  adjust(id: number, by: 1 | -1): void {
    if (typeof this.#interner.value(id) === 'number') this.#numbers += by
    else this.#strings += by
    const count = this.#counts.get(id)
    this.#counts.set(id, (count ?? 0) + by)
    if (count === undefined) this.#push(id)
  }

  /** The id of the extreme value; undefined when there is none or numbers and strings are mixed. */
  get best(): number | undefined {
    if (this.#numbers > 0 && this.#strings > 0) return undefined
    while (this.#heap.length > 0) {
      const top = this.#heap[0]!
      if (this.#counts.get(top)! > 0) return top
      this.#counts.delete(top)
      this.#pop()
    }
    return undefined
  }

  get mixed(): boolean {
    return this.#numbers > 0 && this.#strings > 0
  }

  #before(a: number, b: number): boolean {
    return compareValues(this.#interner.value(a), this.#interner.value(b)) * this.#sign < 0
  }

  #push(id: number): void {
    const heap = this.#heap
    let i = heap.push(id) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      if (!this.#before(id, heap[up]!)) break
      heap[i] = heap[up]!
      i = up
    }
    heap[i] = id
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++
      if (!this.#before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
  }
}
