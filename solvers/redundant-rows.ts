import type { Model } from './types.ts'

/** Rows of up to so many entries are held against those that may say more. */
const SHORT = 8
/** Rows that share a column with a short row, up to which they are looked at. */
const MOST_LOOKS = 64

/**
 * A model with the same feasible points and fewer rows: without rows that the columns' bounds keep anyway, with one row for those whose
 * entries are multiples of each other (the tighter bounds of all), and without rows of nonnegative columns that another row says more
 * than: `x + y ≤ 1` beside `x + y + z ≤ 1` (a dominated row). Columns and objectives stay as they are.
 */
export function withoutRedundantRows(model: Model): Model {
  const rows = new Rows(model)
  rows.dropKept()
  rows.joinParallel()
  rows.dropDominated()
  return rows.left()
}

class Rows {
  readonly #model: Model
  readonly #lower: Float64Array
  readonly #upper: Float64Array
  /** 1: the row is no longer needed. */
  readonly #gone: Uint8Array

  constructor(model: Model) {
    this.#model = model
    this.#lower = model.rows.lower.slice()
    this.#upper = model.rows.upper.slice()
    this.#gone = new Uint8Array(model.rows.count)
  }

  dropKept(): void {
    const { columns, rows } = this.#model
    for (let r = 0; r < rows.count; r++) {
      let [least, most] = [0, 0]
      for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) {
        const [c, value] = [rows.entryColumn[i]!, rows.entryValue[i]!]
        const [low, high] = [columns.lower[c]!, columns.upper[c]!]
        least += value > 0 ? value * low : value * high
        most += value > 0 ? value * high : value * low
      }
      // A row that can't be kept stays, so that the model stays without an answer.
      if (least >= this.#lower[r]! && most <= this.#upper[r]!) this.#gone[r] = 1
    }
  }

  joinParallel(): void {
    const { rows } = this.#model
    const first = new Map<string, number>()
    for (let r = 0; r < rows.count; r++) {
      const [start, end] = [rows.rowStart[r]!, rows.rowStart[r + 1]!]
      if (this.#gone[r] === 1 || start === end) continue
      const unit = rows.entryValue[start]!
      const key = Array.from(
        rows.entryColumn.subarray(start, end),
        (c, i) => `${c}:${rows.entryValue[start + i]! / unit}`,
      ).join()
      const other = first.get(key)
      if (other === undefined) {
        first.set(key, r)
        continue
      }
      const times = rows.entryValue[rows.rowStart[other]!]! / unit
      const [a, b] = [this.#lower[r]! * times, this.#upper[r]! * times]
      const lower = Math.max(this.#lower[other]!, Math.min(a, b))
      const upper = Math.min(this.#upper[other]!, Math.max(a, b))
      // Rows that contradict each other stay as they are.
      if (lower > upper) continue
      this.#lower[other] = lower
      this.#upper[other] = upper
      this.#gone[r] = 1
    }
  }

  dropDominated(): void {
    const { columns, rows } = this.#model
    const packing = (r: number): boolean => {
      if (this.#gone[r] === 1 || this.#lower[r] !== Number.NEGATIVE_INFINITY) return false
      for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++)
        if (rows.entryValue[i]! < 0 || columns.lower[rows.entryColumn[i]!]! < 0) return false
      return true
    }
    const packings = Array.from({ length: rows.count }, (_, r) => r).filter(packing)
    const byColumn = new Map<number, number[]>()
    for (const r of packings)
      for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) {
        const c = rows.entryColumn[i]!
        const list = byColumn.get(c)
        if (list) list.push(r)
        else byColumn.set(c, [r])
      }
    const value = new Float64Array(columns.count)
    for (const r of packings) {
      const [start, end] = [rows.rowStart[r]!, rows.rowStart[r + 1]!]
      if (end - start > SHORT || start === end) continue
      let fewest: readonly number[] | undefined
      for (let i = start; i < end; i++) {
        value[rows.entryColumn[i]!] = rows.entryValue[i]!
        const list = byColumn.get(rows.entryColumn[i]!)!
        if (!fewest || list.length < fewest.length) fewest = list
      }
      if (fewest!.length <= MOST_LOOKS && fewest!.some(other => this.#saysMore(other, r, value, end - start)))
        this.#gone[r] = 1
      for (let i = start; i < end; i++) value[rows.entryColumn[i]!] = 0
    }
  }

  /** Whether another row has at least the entries of row r, under no larger bound. `value`: those of r by column. */
  #saysMore(other: number, r: number, value: Float64Array, entries: number): boolean {
    const { rows } = this.#model
    if (other === r || this.#gone[other] === 1 || this.#upper[other]! > this.#upper[r]!) return false
    let covered = 0
    for (let i = rows.rowStart[other]!; i < rows.rowStart[other + 1]!; i++) {
      const there = value[rows.entryColumn[i]!]!
      if (there > 0 && rows.entryValue[i]! >= there) covered++
    }
    return covered === entries
  }

  left(): Model {
    const { rows } = this.#model
    const kept = Array.from({ length: rows.count }, (_, r) => r).filter(r => this.#gone[r] === 0)
    if (kept.length === rows.count) return this.#model
    const rowStart = new Int32Array(kept.length + 1)
    kept.forEach((r, i) => {
      rowStart[i + 1] = rowStart[i]! + rows.rowStart[r + 1]! - rows.rowStart[r]!
    })
    const entryColumn = new Int32Array(rowStart[kept.length]!)
    const entryValue = new Float64Array(entryColumn.length)
    kept.forEach((r, i) => {
      entryColumn.set(rows.entryColumn.subarray(rows.rowStart[r]!, rows.rowStart[r + 1]!), rowStart[i])
      entryValue.set(rows.entryValue.subarray(rows.rowStart[r]!, rows.rowStart[r + 1]!), rowStart[i])
    })
    return {
      ...this.#model,
      rows: {
        count: kept.length,
        rowStart,
        entryColumn,
        entryValue,
        lower: Float64Array.from(kept, r => this.#lower[r]!),
        upper: Float64Array.from(kept, r => this.#upper[r]!),
        name: row => rows.name(kept[row]!),
        comment: row => rows.comment(kept[row]!),
      },
    }
  }
}
