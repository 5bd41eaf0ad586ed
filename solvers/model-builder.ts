import type { Model, Objective } from './types.ts'

/** A name, or how to make it: a large model has a million of them and mostly nobody reads them. */
export type Name = string | (() => string)

export interface ColumnInput {
  readonly name: Name
  /** Default 0. */
  readonly lower?: number
  /** Default Infinity. */
  readonly upper?: number
  /** Default false. */
  readonly integer?: boolean
}

/** (column, value) pairs in any order; values of a repeated column add up. */
export type Entries = Iterable<readonly [column: number, value: number]>

export interface RowInput {
  readonly name: Name
  readonly entries: Entries
  /** Default -Infinity. */
  readonly lower?: number
  /** Default Infinity. */
  readonly upper?: number
  readonly comment?: Name
}

export interface ObjectiveInput {
  readonly name: string
  readonly entries: Entries
  readonly constant?: number
  /** Every reachable value is a multiple of this; 0 (default) when unknown. */
  readonly granularity?: number
}

/**
 * Builds a `Model`: merges repeated entries, drops zeros, sorts by column, refuses what isn't finite. Names given as functions are
 * called only when someone reads them. Names have to be unique; a writer makes them so, but messages are clearer when they are.
 *
 *     const b = new ModelBuilder()
 *     const x = b.addColumn({ name: 'x[vm1,server-a]', upper: 1, integer: true })
 *     b.addRow({ name: 'capacity[server-a]', entries: [[x, 4]], upper: 8 })
 *     b.addObjective({ name: 'cost', entries: [[x, -1]], granularity: 1 })
 *     const model = b.build()
 *
 * Throws `RangeError` on a number that isn't finite, bounds that cross, an integer column without bounds or a column that does not exist: a
 * mistake of the caller.
 */
export class ModelBuilder {
  readonly #lower = new Growing(Float64Array)
  readonly #upper = new Growing(Float64Array)
  readonly #integer = new Growing(Uint8Array)
  readonly #columnNames: Name[] = []
  readonly #rowLower = new Growing(Float64Array)
  readonly #rowUpper = new Growing(Float64Array)
  readonly #rowStart = new Growing(Int32Array)
  readonly #entryColumn = new Growing(Int32Array)
  readonly #entryValue = new Growing(Float64Array)
  readonly #rowNames: Name[] = []
  readonly #rowComments: (Name | undefined)[] = []
  readonly #objectives: Objective[] = []

  constructor() {
    this.#rowStart.push(0)
  }

  get columnCount(): number {
    return this.#columnNames.length
  }

  get rowCount(): number {
    return this.#rowNames.length
  }

  get entryCount(): number {
    return this.#entryColumn.length
  }

  /** Add a column and return its number. */
  addColumn({ name, lower = 0, upper = Number.POSITIVE_INFINITY, integer = false }: ColumnInput): number {
    requireBounds(lower, upper, () => `column ${text(name)}`)
    if (integer) {
      if (!Number.isFinite(lower) || !Number.isFinite(upper))
        throw new RangeError(`integer column ${text(name)} has no bounds`)
      lower = Math.ceil(lower)
      upper = Math.floor(upper)
      requireBounds(lower, upper, () => `integer column ${text(name)}`)
    }
    this.#lower.push(lower)
    this.#upper.push(upper)
    this.#integer.push(integer ? 1 : 0)
    return this.#columnNames.push(name) - 1
  }

  /** Add a row and return its number. An empty row is kept, so that numbers stay as given. */
  addRow({
    name,
    entries,
    lower = Number.NEGATIVE_INFINITY,
    upper = Number.POSITIVE_INFINITY,
    comment,
  }: RowInput): number {
    requireBounds(lower, upper, () => `row ${text(name)}`)
    const [columns, values] = this.#tidy(entries, () => `row ${text(name)}`)
    for (let i = 0; i < columns.length; i++) {
      this.#entryColumn.push(columns[i]!)
      this.#entryValue.push(values[i]!)
    }
    this.#rowStart.push(this.#entryColumn.length)
    this.#rowLower.push(lower)
    this.#rowUpper.push(upper)
    this.#rowComments.push(comment)
    return this.#rowNames.push(name) - 1
  }

  /** Add an objective after those already there, which win over it. */
  addObjective({ name, entries, constant = 0, granularity = 0 }: ObjectiveInput): void {
    if (!Number.isFinite(constant) || !Number.isFinite(granularity) || granularity < 0)
      throw new RangeError(`objective ${name}: constant ${constant}, granularity ${granularity}`)
    const [column, value] = this.#tidy(entries, () => `objective ${name}`)
    this.#objectives.push({
      name,
      constant,
      granularity,
      column: Int32Array.from(column),
      value: Float64Array.from(value),
    })
  }

  /** The model so far. The builder may be used on; the model does not change with it. */
  build(): Model {
    const columnNames = [...this.#columnNames]
    const rowNames = [...this.#rowNames]
    const comments = [...this.#rowComments]
    return {
      columns: {
        count: columnNames.length,
        lower: this.#lower.toArray(),
        upper: this.#upper.toArray(),
        integer: this.#integer.toArray(),
        name: column => text(columnNames[column]!),
      },
      rows: {
        count: rowNames.length,
        rowStart: this.#rowStart.toArray(),
        entryColumn: this.#entryColumn.toArray(),
        entryValue: this.#entryValue.toArray(),
        lower: this.#rowLower.toArray(),
        upper: this.#rowUpper.toArray(),
        name: row => text(rowNames[row]!),
        comment: row => (comments[row] === undefined ? undefined : text(comments[row])),
      },
      objectives: [...this.#objectives],
    }
  }

  /** Entries with repetitions added up, zeros gone, columns ascending. */
  #tidy(entries: Entries, where: () => string): [columns: number[], values: number[]] {
    const sums = new Map<number, number>()
    for (const [column, value] of entries) {
      if (!Number.isFinite(value)) throw new RangeError(`${where()}: coefficient ${value}`)
      if (!Number.isInteger(column) || column < 0 || column >= this.columnCount)
        throw new RangeError(`${where()}: there is no column ${column}`)
      sums.set(column, (sums.get(column) ?? 0) + value)
    }
    const columns = [...sums.keys()].filter(c => sums.get(c) !== 0).sort((a, b) => a - b)
    return [columns, columns.map(c => sums.get(c)!)]
  }
}

function text(name: Name): string {
  return typeof name === 'string' ? name : name()
}

function requireBounds(lower: number, upper: number, where: () => string): void {
  if (!(lower <= upper) || lower === Number.POSITIVE_INFINITY || upper === Number.NEGATIVE_INFINITY)
    throw new RangeError(`${where()}: bounds ${lower}..${upper}`)
}

type Numbers = Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>

/** A typed array that doubles when full. */
class Growing<T extends Numbers> {
  readonly #make: new (
    length: number,
  ) => T
  #array: T
  length = 0

  constructor(make: new (length: number) => T) {
    this.#make = make
    this.#array = new make(64)
  }

  push(value: number): void {
    if (this.length === this.#array.length) {
      const larger = new this.#make(2 * this.length)
      larger.set(this.#array)
      this.#array = larger
    }
    this.#array[this.length++] = value
  }

  /** A copy of the exact length. */
  toArray(): T {
    return this.#array.slice(0, this.length) as T
  }
}
