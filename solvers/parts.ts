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

/** Entries from which a row may link parts instead of making them one, and how many such rows there may be. */
const LINKING = { entries: 100, rows: 8 }

/** Split a model into parts that share no row (union-find over the columns of each row). Rows without columns are left out. */
export function partition({ columns, rows }: Model): Partition {
  const long: number[] = []
  for (let r = 0; r < rows.count; r++) if (rows.rowStart[r + 1]! - rows.rowStart[r]! >= LINKING.entries) long.push(r)
  const linking = new Set(long.length <= LINKING.rows ? long : [])
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

/** A part as a program of its own, its columns and rows numbered from 0. */
export interface LocalProgram {
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** One array for each row. */
  readonly rows: readonly LocalRow[]
  /** For each objective, a coefficient for each column; no constants. */
  readonly objectives: readonly Float64Array[]
  /** For each linking row, a coefficient for each column. */
  readonly linking: readonly Float64Array[]
  /** Equal texts, equal programs. */
  readonly text: string
}

export interface LocalRow {
  readonly columns: readonly number[]
  readonly values: readonly number[]
  readonly lower: number
  readonly upper: number
}

/** Makes local programs; what it needs of the whole model is read once. */
export function localPrograms(model: Model, linking: readonly number[]): (part: Part) => LocalProgram {
  const { columns, rows } = model
  const objectives = model.objectives.map(o => {
    const dense = new Float64Array(columns.count)
    o.column.forEach((c, i) => {
      dense[c] = o.value[i]!
    })
    return dense
  })
  const links = linking.map(r => {
    const dense = new Float64Array(columns.count)
    for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) dense[rows.entryColumn[i]!] = rows.entryValue[i]!
    return dense
  })
  const local = new Int32Array(columns.count)
  return part => {
    part.columns.forEach((c, i) => {
      local[c] = i
    })
    const pick = (all: Float64Array): Float64Array => Float64Array.from(part.columns, c => all[c]!)
    const program = {
      lower: pick(columns.lower),
      upper: pick(columns.upper),
      objectives: objectives.map(pick),
      linking: links.map(pick),
      rows: Array.from(part.rows, (r): LocalRow => {
        const [start, end] = [rows.rowStart[r]!, rows.rowStart[r + 1]!]
        return {
          columns: Array.from(rows.entryColumn.subarray(start, end), c => local[c]!),
          values: Array.from(rows.entryValue.subarray(start, end)),
          lower: rows.lower[r]!,
          upper: rows.upper[r]!,
        }
      }),
    }
    const numbers = [program.lower, program.upper, ...program.objectives, ...program.linking].map(a => a.join())
    const texts = program.rows.map(r => `${r.lower}<${r.columns.join()}:${r.values.join()}<${r.upper}`)
    return { ...program, text: `${numbers.join(';')}|${texts.join(';')}` }
  }
}
