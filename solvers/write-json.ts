import type { Model } from './types.ts'

/**
 * The JSON form of a model, whole: all objectives, names and comments. `lower` and `upper` are null where there is no bound. `entries`
 * are pairs [column, value], columns numbered from 0 in the order of `columns`. Each objective is minimised and an earlier one
 * wins over all later ones; its value is `constant` plus its entries, and a multiple of `granularity` unless that is 0 (unknown).
 */
export interface ModelJson {
  readonly format: 'usher-model/1'
  readonly columns: readonly {
    readonly name: string
    readonly lower: number | null
    readonly upper: number | null
    readonly integer: boolean
  }[]
  readonly rows: readonly {
    readonly name: string
    readonly comment?: string
    readonly lower: number | null
    readonly upper: number | null
    readonly entries: readonly (readonly [column: number, value: number])[]
  }[]
  readonly objectives: readonly {
    readonly name: string
    readonly constant: number
    readonly granularity: number
    readonly entries: readonly (readonly [column: number, value: number])[]
  }[]
}

/** A model as plain JSON data. */
export function modelJson({ columns, rows, objectives }: Model): ModelJson {
  return {
    format: 'usher-model/1',
    columns: Array.from({ length: columns.count }, (_, c) => ({
      name: columns.name(c),
      lower: finite(columns.lower[c]!),
      upper: finite(columns.upper[c]!),
      integer: columns.integer[c] === 1,
    })),
    rows: Array.from({ length: rows.count }, (_, r) => {
      const comment = rows.comment(r)
      const from = rows.rowStart[r]!
      const to = rows.rowStart[r + 1]!
      return {
        name: rows.name(r),
        ...(comment === undefined ? {} : { comment }),
        lower: finite(rows.lower[r]!),
        upper: finite(rows.upper[r]!),
        entries: pairs(rows.entryColumn.subarray(from, to), rows.entryValue.subarray(from, to)),
      }
    }),
    objectives: objectives.map(o => ({
      name: o.name,
      constant: o.constant,
      granularity: o.granularity,
      entries: pairs(o.column, o.value),
    })),
  }
}

/** A model as JSON text, indented. */
export function writeJson(model: Model): string {
  return `${JSON.stringify(modelJson(model), undefined, 1)}\n`
}

function finite(bound: number): number | null {
  return Number.isFinite(bound) ? bound : null
}

function pairs(columns: Int32Array, values: Float64Array): [number, number][] {
  return Array.from(columns, (column, i) => [column, values[i]!])
}
