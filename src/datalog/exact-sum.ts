/**
 * A sum of doubles whose value depends on what was added and taken away, never on the order: it is kept without rounding as a few
 * non-overlapping doubles and rounded once, when asked for. While additions happen to be exact (integers, halves …) that is a
 * single double. Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997: grow-expansion with two-sum.
 */
export class ExactSum {
  /** Non-overlapping, of rising magnitude; their exact sum is the sum. */
  #parts: number[] = []

  add(x: number): void {
    const parts = this.#parts
    let kept = 0
    for (let i = 0; i < parts.length; i++) {
      const y = parts[i]!
      const sum = x + y
      const shadow = sum - x
      const error = x - (sum - shadow) + (y - shadow)
      if (error !== 0) parts[kept++] = error
      x = sum
    }
    parts.length = kept
    if (x !== 0) parts.push(x)
  }

  subtract(x: number): void {
    this.add(-x)
  }

  /** The double nearest to the exact sum, ties to even. Infinite or NaN when the sum has left the range of doubles. */
  get value(): number {
    return roundParts(this.#parts)
  }

  copy(): ExactSum {
    const copy = new ExactSum()
    copy.#parts = this.#parts.slice()
    return copy
  }
}

/** Rounds once: from the largest part down until something is lost, then mends a tie by the sign of what follows. */
function roundParts(parts: readonly number[]): number {
  let i = parts.length - 1
  if (i < 0) return 0
  let high = parts[i--]!
  let low = 0
  while (i >= 0) {
    const x = high
    const y = parts[i--]!
    high = x + y
    low = y - (high - x)
    if (low !== 0) break
  }
  if (i >= 0 && ((low < 0 && parts[i]! < 0) || (low > 0 && parts[i]! > 0))) {
    const doubled = low * 2
    const moved = high + doubled
    if (doubled === moved - high) return moved
  }
  return high
}
