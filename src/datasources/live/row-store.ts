import type { Delta, Row } from '../../tables/index.ts'
import { rowKey } from '../changes.ts'

/** A row of a table that a reading gave. */
export interface TableRow {
  readonly table: string
  readonly row: Row
}

/** A stored row, and how many things it comes from. */
interface Entry {
  readonly table: string
  readonly row: Row
  readonly key: string
  count: number
}

/** The rows that come from one thing: a server, a host, a whole folder. */
export type Held = readonly Entry[]

/**
 * The rows of live tables. They are held for each thing that they come from, so that a change of one thing costs what it changes; a row
 * that comes from two things stays until both have let go. What changed since the last `drain` is kept as a net difference.
 */
export class RowStore {
  readonly #tables = new Map<string, Map<string, Entry>>()
  /** Rows that came or went since the last drain, by table, with whether they stood before. */
  readonly #changed = new Map<string, Map<string, { readonly entry: Entry; readonly before: boolean }>>()

  /** Replace what a thing gives; what it holds from here on. */
  replace(before: Held, after: readonly TableRow[]): Held {
    const held = new Map<string, Entry>()
    for (const { table, row } of after) {
      const key = rowKey(row)
      const id = `${table} ${key}`
      if (!held.has(id)) held.set(id, this.#hold(table, row, key))
    }
    for (const entry of before) this.#release(entry)
    return [...held.values()]
  }

  /** The difference since the last time, by table. */
  drain(): Delta[] {
    const deltas: Delta[] = []
    for (const [table, changed] of this.#changed) {
      const inserted: Row[] = []
      const removed: Row[] = []
      for (const { entry, before } of changed.values()) {
        const now = this.#tables.get(table)?.has(entry.key) ?? false
        if (now && !before) inserted.push(entry.row)
        if (!now && before) removed.push(entry.row)
      }
      if (inserted.length > 0 || removed.length > 0) deltas.push({ table, inserted, removed })
    }
    this.#changed.clear()
    return deltas
  }

  rows(table: string): Row[] {
    return [...(this.#tables.get(table)?.values() ?? [])].map(entry => entry.row)
  }

  #hold(table: string, row: Row, key: string): Entry {
    let entries = this.#tables.get(table)
    if (!entries) this.#tables.set(table, (entries = new Map()))
    let entry = entries.get(key)
    if (!entry) {
      entries.set(key, (entry = { table, row, key, count: 0 }))
      this.#note(entry, false)
    }
    entry.count++
    return entry
  }

  #release(entry: Entry): void {
    if (--entry.count > 0) return
    this.#tables.get(entry.table)?.delete(entry.key)
    this.#note(entry, true)
  }

  #note(entry: Entry, before: boolean): void {
    let changed = this.#changed.get(entry.table)
    if (!changed) this.#changed.set(entry.table, (changed = new Map()))
    if (!changed.has(entry.key)) changed.set(entry.key, { entry, before })
  }
}
