import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { ColumnType, Value } from '../../../tables/index.ts'
import type { ListCall, ServiceKey } from '../clients/index.ts'

/** A JSON object of an answer. */
export type Item = Readonly<Record<string, unknown>>

/** A column, and where its value stands. */
export interface ColumnDescription {
  readonly name: string
  /**
   * From the element that makes the row: `flavor.id`. `@item` is the whole item, `@key` the last name that a `*` stood for (`@key0` the
   * first, `@key1` the second), `@value` the element itself. Alternatives are separated by `|`: the first that is there counts.
   */
  readonly path: string
  readonly type: ColumnType
  readonly unit?: string
  readonly description: string
  /** Other words for values: `{ true: 'available' }`. */
  readonly words?: Readonly<Record<string, Value>>
  /** Without a value there is no row. */
  readonly required?: boolean
}

/** A table, as rows of the items of a reading. */
export interface TableDescription {
  readonly table: string
  readonly description: string
  /** Down to the elements that make a row each: `addresses.*.[]`, where `*` stands for each value of an object and `[]` for each of a list. */
  readonly each?: string
  readonly columns: readonly ColumnDescription[]
  /** Read even when no policy reads it. Default: no. */
  readonly eager?: boolean
}

/** Something that one kind of request reads, and the tables that are made of it. */
export interface ReadingDescription {
  readonly name: string
  /** With `{FIELD}` for fields of the parent, where there is one; `{day ago}` is the time a day ago. */
  readonly path: string
  /** The field of the answer that holds the list. Undefined: the answer is the list, or with `of` the item. */
  readonly key?: string
  /** Where an item's own key stands; several fields that make it together are joined by `+`. */
  readonly id: string
  readonly microversion?: string
  readonly paging?: ListCall<unknown>['paging']
  /** Seconds between two readings. */
  readonly interval: number
  /** Present: between full readings, each after so many seconds, only changes are asked for. */
  readonly changes?: { readonly parameter: string; readonly stamp: string; readonly fullInterval: number }
  /** Whether an item is one that no longer exists. */
  readonly gone?: (item: Item) => boolean
  /** How one item is read by itself. */
  readonly one?: { readonly path: string; readonly key: string }
  /** One answer for each item of this list, in place of a list: the item is then `{ parent, body }`. */
  readonly of?: {
    readonly path: string
    readonly key: string
    readonly id: string
    /** A field of the parent that changes whenever the answer would; answers are kept until then. */
    readonly generation?: string
  }
  /** What is odd about all items together. */
  readonly check?: (items: readonly Item[], module: string) => readonly Diagnostic[]
  readonly tables: readonly TableDescription[]
}

/** A service as a data source. */
export interface SourceDescription {
  /** The usual name, which is the module of its tables: `nova`. */
  readonly name: string
  readonly service: ServiceKey
  readonly description: string
  readonly readings: readonly ReadingDescription[]
}
