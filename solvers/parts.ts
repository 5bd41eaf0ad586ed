import type { Model } from './types.ts'

/** Columns that rows tie together, directly or by way of others. */
export interface Part {
  /** Column numbers, ascending. */
  readonly columns: Int32Array
  /** Row numbers, ascending; each has columns of this part only. */
  readonly rows: Int32Array
}

export interface Partition {
  readonly parts: readonly Part[]
  /** The few long rows that would tie nearly all together: a budget, a quota. They belong to no part. */
  readonly linking: readonly number[]
}

/** Rows that link parts instead of making them one: how many there may be, their entries, and how often the entries of any other row. */
const LINKING = { rows: 8, entries: 100, times: 10 }

/** Split a model into parts that share no row (union-find over the columns of each row). Rows without columns are left out. */
export function partition({ columns, rows }: Model): Partition {
  const linking = new Set(linkingRows(rows))
  const parent = Int32Array.from({ length: columns.count }, (_, c) => c)
  const find = (c: number): number => {
    while (parent[c] !== c) {
      parent[c] = parent[parent[c]!]!
      c = parent[c]!
    }
    return c
  }
  for (let r = 0; r < rows.count; r++) {
    const start = rows.rowStart[r]!
    if (linking.has(r) || start === rows.rowStart[r + 1]!) continue
    const root = find(rows.entryColumn[start]!)
    for (let i = start + 1; i < rows.rowStart[r + 1]!; i++) parent[find(rows.entryColumn[i]!)] = root
  }
  const drafts = new Map<number, { columns: number[]; rows: number[] }>()
  for (let c = 0; c < columns.count; c++) {
    const root = find(c)
    const draft = drafts.get(root)
    if (draft) draft.columns.push(c)
    else drafts.set(root, { columns: [c], rows: [] })
  }
  for (let r = 0; r < rows.count; r++) {
    const start = rows.rowStart[r]!
    if (!linking.has(r) && start < rows.rowStart[r + 1]!) drafts.get(find(rows.entryColumn[start]!))!.rows.push(r)
  }
  const parts = [...drafts.values()].map(d => ({
    columns: Int32Array.from(d.columns),
    rows: Int32Array.from(d.rows),
  }))
  return { parts, linking: [...linking] }
}

/** The longest rows, up to the first gap in length that is wide enough. */
function linkingRows({ count, rowStart }: Model['rows']): number[] {
  const length = (r: number): number => rowStart[r + 1]! - rowStart[r]!
  const long = Array.from({ length: count }, (_, r) => r)
    .filter(r => length(r) >= LINKING.entries / LINKING.times)
    .sort((a, b) => length(b) - length(a))
  for (let n = 1; n <= Math.min(LINKING.rows, long.length); n++) {
    const [least, next] = [length(long[n - 1]!), n < long.length ? length(long[n]!) : 0]
    if (least < LINKING.entries) return []
    if (next * LINKING.times <= least) return long.slice(0, n).sort((a, b) => a - b)
  }
  return []
}

/** A part as a program of its own, its columns and rows numbered from 0. */
export interface LocalProgram {
  readonly lower: Float64Array
  readonly upper: Float64Array
  readonly rows: readonly LocalRow[]
  /** For each objective, a coefficient for each column; no constants. */
  readonly objectives: readonly Float64Array[]
  /** For each linking row, a coefficient for each column. */
  readonly linking: readonly Float64Array[]
}

export interface LocalRow {
  readonly columns: readonly number[]
  readonly values: readonly number[]
  readonly lower: number
  readonly upper: number
}

/** Reads parts out of a model; what is needed of the whole is read once. */
export class PartReader {
  readonly #model: Model
  readonly #objectives: readonly Float64Array[]
  readonly #linking: readonly Float64Array[]
  /** Number of each column within the part that was read last. */
  readonly #local: Int32Array
  #numbers = new Float64Array(256)

  constructor(model: Model, linking: readonly number[]) {
    this.#model = model
    const { columns, rows, objectives } = model
    this.#local = new Int32Array(columns.count)
    this.#objectives = objectives.map(o => {
      const dense = new Float64Array(columns.count)
      for (let i = 0; i < o.column.length; i++) dense[o.column[i]!] = o.value[i]!
      return dense
    })
    this.#linking = linking.map(r => {
      const dense = new Float64Array(columns.count)
      for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) dense[rows.entryColumn[i]!] = rows.entryValue[i]!
      return dense
    })
  }

  /** All numbers of a part in one list: equal lists, equal programs. Good until the next call. */
  numbersOf(part: Part): Float64Array {
    const { columns, rows } = this.#model
    const { rowStart, entryColumn, entryValue } = rows
    this.#number(part)
    let size = 2 + part.columns.length * (2 + this.#objectives.length + this.#linking.length)
    for (const r of part.rows) size += 3 + 2 * (rowStart[r + 1]! - rowStart[r]!)
    if (this.#numbers.length < size) this.#numbers = new Float64Array(2 * size)
    const into = this.#numbers
    let n = 0
    into[n++] = part.columns.length
    into[n++] = part.rows.length
    for (const c of part.columns) {
      into[n++] = columns.lower[c]!
      into[n++] = columns.upper[c]!
      for (const dense of this.#objectives) into[n++] = dense[c]!
      for (const dense of this.#linking) into[n++] = dense[c]!
    }
    for (const r of part.rows) {
      into[n++] = rows.lower[r]!
      into[n++] = rows.upper[r]!
      into[n++] = rowStart[r + 1]! - rowStart[r]!
      for (let i = rowStart[r]!; i < rowStart[r + 1]!; i++) {
        into[n++] = this.#local[entryColumn[i]!]!
        into[n++] = entryValue[i]!
      }
    }
    return into.subarray(0, n)
  }

  program(part: Part): LocalProgram {
    const { columns, rows } = this.#model
    this.#number(part)
    const pick = (all: Float64Array): Float64Array => Float64Array.from(part.columns, c => all[c]!)
    return {
      lower: pick(columns.lower),
      upper: pick(columns.upper),
      objectives: this.#objectives.map(pick),
      linking: this.#linking.map(pick),
      rows: Array.from(part.rows, (r): LocalRow => {
        const [start, end] = [rows.rowStart[r]!, rows.rowStart[r + 1]!]
        return {
          columns: Array.from(rows.entryColumn.subarray(start, end), c => this.#local[c]!),
          values: Array.from(rows.entryValue.subarray(start, end)),
          lower: rows.lower[r]!,
          upper: rows.upper[r]!,
        }
      }),
    }
  }

  #number({ columns }: Part): void {
    for (let i = 0; i < columns.length; i++) this.#local[columns[i]!] = i
  }
}

/** Things by lists of numbers. */
export class ByNumbers<T> {
  readonly #buckets = new Map<number, { readonly numbers: Float64Array; readonly value: T }[]>()

  /** What is there for such a list, or what `make` gives, which is there from then on. */
  getOrMake(numbers: Float64Array, make: () => T): T {
    const hash = hashOf(numbers)
    const bucket = this.#buckets.get(hash) ?? []
    const known = bucket.find(b => b.numbers.length === numbers.length && b.numbers.every((v, i) => v === numbers[i]))
    if (known) return known.value
    const entry = { numbers: numbers.slice(), value: make() }
    bucket.push(entry)
    this.#buckets.set(hash, bucket)
    return entry.value
  }
}

/** FNV-1a over the halves of the doubles. */
function hashOf(numbers: Float64Array): number {
  const words = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2)
  let hash = 0x811c9dc5
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193)
  return hash
}
