import type { LocalProgram } from './parts.ts'
import { exceeds, sameValue } from './tolerance.ts'

/** A point of a small program. */
export interface Point {
  /** One for each column. */
  readonly values: Float64Array
  /** One for each objective, without its constant. */
  readonly objectives: readonly number[]
  /** What it takes of each linking row. */
  readonly linking: readonly number[]
}

/** In which direction a linking row has room: `less` and `more` of it is always allowed, or the amount has to be the same. */
export type Direction = 'less' | 'more' | 'same'

/** More points than this are not kept: the program is not small. */
const MOST_POINTS = 64

/**
 * The points of a program of whole columns that may matter, by depth-first search: those that no other beats in every objective and
 * every linking row; without linking rows only the lexicographically best. Undefined when the search would take more than `steps`.
 * A branch ends where a row can no longer hold, or where even the best that its open columns could add is beaten.
 * @param granularity of each objective
 * @returns none when the program is infeasible
 */
export function pointsThatMatter(
  program: LocalProgram,
  granularity: readonly number[],
  directions: readonly Direction[],
  steps: { left: number },
): Point[] | undefined {
  return new Search(program, granularity, directions, steps).run()
}

class Search {
  readonly #program: LocalProgram
  readonly #granularity: readonly number[]
  readonly #directions: readonly Direction[]
  readonly #steps: { left: number }
  /** Columns in the order in which they are decided. */
  readonly #order: readonly number[]
  /** For each column, its rows and what they have of it. */
  readonly #rowsOf: readonly { readonly row: number; readonly value: number }[][]
  /** Least and most that each row can still come to. */
  readonly #low: Float64Array
  readonly #high: Float64Array
  readonly #size: Float64Array
  /** Least that each objective and each linking row can still come to (most, where more is better). */
  readonly #best: Float64Array
  readonly #values: Float64Array
  readonly #measures: readonly { readonly of: Float64Array; readonly sign: number }[]
  readonly #points: Point[] = []

  constructor(
    program: LocalProgram,
    granularity: readonly number[],
    directions: readonly Direction[],
    steps: { left: number },
  ) {
    this.#program = program
    this.#granularity = granularity
    this.#directions = directions
    this.#steps = steps
    const { lower, upper, rows, objectives, linking } = program
    const rowsOf: { row: number; value: number }[][] = Array.from(lower, () => [])
    this.#low = new Float64Array(rows.length)
    this.#high = new Float64Array(rows.length)
    this.#size = new Float64Array(rows.length)
    for (const [row, { columns, values }] of rows.entries())
      for (const [i, column] of columns.entries()) {
        const value = values[i]!
        rowsOf[column]!.push({ row, value })
        const [a, b] = [value * lower[column]!, value * upper[column]!]
        this.#low[row]! += Math.min(a, b)
        this.#high[row]! += Math.max(a, b)
        this.#size[row] = Math.max(this.#size[row]!, Math.abs(a), Math.abs(b))
      }
    this.#rowsOf = rowsOf
    this.#order = orderOf(rowsOf, rows)
    this.#values = new Float64Array(lower.length)
    this.#measures = [
      ...objectives.map(of => ({ of, sign: 1 })),
      ...linking.map((of, i) => ({ of, sign: directions[i] === 'more' ? -1 : 1 })),
    ]
    this.#best = Float64Array.from(this.#measures, ({ of, sign }) =>
      of.reduce((sum, v, c) => sum + Math.min(sign * v * lower[c]!, sign * v * upper[c]!), 0),
    )
  }

  run(): Point[] | undefined {
    if (this.#program.rows.some((_, r) => this.#isBroken(r))) return []
    return this.#decide(0) ? this.#points : undefined
  }

  /** False: given up. */
  #decide(at: number): boolean {
    if (--this.#steps.left < 0) return false
    const column = this.#order[at]
    if (column === undefined) return this.#keep()
    const lower = this.#program.lower[column]!
    const upper = this.#program.upper[column]!
    const cost = this.#program.objectives.find(o => o[column] !== 0)?.[column] ?? 0
    // What costs something is tried low first, all else high.
    const step = cost > 0 ? 1 : -1
    for (let value = cost > 0 ? lower : upper; value >= lower && value <= upper; value += step) {
      const saved = Float64Array.from(this.#best)
      const holds = this.#fix(column, value, 1)
      const goesOn = !holds || this.#isBeaten() || this.#decide(at + 1)
      this.#fix(column, value, -1)
      this.#best.set(saved)
      if (!goesOn) return false
    }
    return true
  }

  /** Fix a column (`by` 1) or open it again (-1). False when a row can no longer hold. */
  #fix(column: number, value: number, by: number): boolean {
    const lower = this.#program.lower[column]!
    const upper = this.#program.upper[column]!
    this.#values[column] = value
    let holds = true
    for (const { row, value: factor } of this.#rowsOf[column]!) {
      const [a, b] = [factor * lower, factor * upper]
      this.#low[row]! += by * (factor * value - Math.min(a, b))
      this.#high[row]! += by * (factor * value - Math.max(a, b))
      if (by > 0 && this.#isBroken(row)) holds = false
    }
    if (by > 0)
      this.#measures.forEach(({ of, sign }, i) => {
        const factor = sign * of[column]!
        this.#best[i]! += factor * value - Math.min(factor * lower, factor * upper)
      })
    return holds
  }

  #isBroken(row: number): boolean {
    const { lower, upper } = this.#program.rows[row]!
    const size = this.#size[row]!
    return exceeds(this.#low[row]!, upper, size, true) || exceeds(lower, this.#high[row]!, size, true)
  }

  /** Whether a point that is kept is as good in everything as what is best from here. */
  #isBeaten(): boolean {
    return this.#points.some(({ objectives, linking }) =>
      linking.length === 0 ? this.#compare(objectives, this.#best) <= 0 : this.#dominates(objectives, linking),
    )
  }

  #dominates(objectives: readonly number[], linking: readonly number[]): boolean {
    const n = objectives.length
    return (
      objectives.every((v, k) => v <= this.#best[k]!) &&
      linking.every((v, i) => {
        const best = this.#best[n + i]!
        return this.#directions[i] === 'less' ? v <= best : this.#directions[i] === 'more' && -v <= best
      })
    )
  }

  #compare(a: ArrayLike<number>, b: ArrayLike<number>): number {
    for (let k = 0; k < a.length; k++) if (!sameValue(a[k]!, b[k]!, this.#granularity[k]!)) return a[k]! - b[k]!
    return 0
  }

  /** False when there are too many. */
  #keep(): boolean {
    const { objectives, linking } = this.#program
    const at = (of: Float64Array): number => of.reduce((sum, v, c) => sum + v * this.#values[c]!, 0)
    const point = { values: this.#values.slice(), objectives: objectives.map(at), linking: linking.map(at) }
    const kept = linking.length === 0 ? [] : this.#points.filter(p => !this.#isWorse(p, point))
    this.#points.splice(0, this.#points.length, ...kept, point)
    return this.#points.length <= MOST_POINTS
  }

  #isWorse(p: Point, than: Point): boolean {
    return (
      than.objectives.every((v, k) => v <= p.objectives[k]!) &&
      than.linking.every((v, i) =>
        this.#directions[i] === 'less'
          ? v <= p.linking[i]!
          : this.#directions[i] === 'more'
            ? v >= p.linking[i]!
            : v === p.linking[i]!,
      )
    )
  }
}

/**
 * Columns in many rows first, and each that is the last open one of a row at once: what it is follows from the others, so that a branch
 * ends, or is known to cost something, as soon as it can be.
 */
function orderOf(rowsOf: readonly (readonly { readonly row: number }[])[], rows: LocalProgram['rows']): number[] {
  const order = new Set<number>()
  const open = rows.map(({ columns }) => columns.length)
  const decide = (column: number): void => {
    order.add(column)
    for (const { row } of rowsOf[column]!) {
      if (--open[row]! !== 1) continue
      const last = rows[row]!.columns.find(c => !order.has(c))
      if (last !== undefined) decide(last)
    }
  }
  const byRows = [...rowsOf.keys()].sort((a, b) => rowsOf[b]!.length - rowsOf[a]!.length || a - b)
  for (const column of byRows) if (!order.has(column)) decide(column)
  return [...order]
}
