/** The largest of many numbers that change one at a time: a complete binary tree of maxima. */
export class LargestTree {
  readonly #size: number
  readonly #node: Float64Array

  constructor(count: number) {
    this.#size = 2 ** Math.ceil(Math.log2(Math.max(1, count)))
    this.#node = new Float64Array(this.#size * 2).fill(Number.NEGATIVE_INFINITY)
  }

  get largest(): number {
    return this.#node[1]!
  }

  set(place: number, value: number): void {
    const node = this.#node
    let i = this.#size + place
    node[i] = value
    for (i >>= 1; i >= 1; i >>= 1) {
      const larger = Math.max(node[i * 2]!, node[i * 2 + 1]!)
      if (node[i] === larger) return
      node[i] = larger
    }
  }
}
