import { createHash } from 'node:crypto'
import type { Changes } from '../../../datalog/index.ts'
import type { TableInfo } from '../../../language/index.ts'
import type { Row } from '../../../tables/index.ts'
import type { LiveWorld } from './live-world.ts'

/** A row of a watched table, by an id that table and row make: the same wherever and whenever it is seen. */
export interface BookedRow {
  readonly id: string
  readonly table: string
  readonly row: Row
}

export interface BookChange<T> {
  readonly came: readonly T[]
  readonly went: readonly T[]
}

/**
 * The rows of some tables of the world, by id, with whatever is noted beside each; follows the world's changes and, where anything may
 * have changed, compares.
 */
export class RowBook<T extends BookedRow> {
  readonly #world: LiveWorld
  readonly #wants: (info: TableInfo) => boolean
  readonly #make: (booked: BookedRow, info: TableInfo) => T
  readonly #onChange: (change: BookChange<T>) => void
  readonly #rows = new Map<string, T>()
  readonly #stops: (() => void)[]

  constructor(
    world: LiveWorld,
    wants: (info: TableInfo) => boolean,
    make: (booked: BookedRow, info: TableInfo) => T,
    onChange: (change: BookChange<T>) => void,
  ) {
    this.#world = world
    this.#wants = wants
    this.#make = make
    this.#onChange = onChange
    this.#stops = [world.onChanges(changes => this.#follow(changes)), world.onLoaded(() => this.compare())]
  }

  get rows(): ReadonlyMap<string, T> {
    return this.#rows
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  #follow(changes: Changes): void {
    const came: T[] = []
    const went: T[] = []
    for (const [table, { inserted, removed }] of changes) {
      // A table of a policy that is gone is not known any more: its rows went.
      const info = this.#world.program.tables.get(table)
      for (const row of removed) this.#remove(idOf(table, row), went)
      if (info && this.#wants(info)) for (const row of inserted) this.#add(info, row, came)
    }
    this.#tell(came, went)
  }

  /** Compare with the world as it is: anything may have changed, or what is wanted. */
  compare(): void {
    const came: T[] = []
    const went: T[] = []
    const left = new Set(this.#rows.keys())
    const { view } = this.#world.evaluator
    for (const info of this.#world.program.tables.values()) {
      if (info.kind !== 'derived' || !this.#wants(info)) continue
      for (const row of view.rows(info.name)) left.delete(this.#add(info, row, came))
    }
    for (const id of left) this.#remove(id, went)
    this.#tell(came, went)
  }

  #add(info: TableInfo, row: Row, came: T[]): string {
    const id = idOf(info.name, row)
    if (!this.#rows.has(id)) {
      const booked = this.#make({ id, table: info.name, row }, info)
      this.#rows.set(id, booked)
      came.push(booked)
    }
    return id
  }

  #remove(id: string, went: T[]): void {
    const booked = this.#rows.get(id)
    if (!booked) return
    this.#rows.delete(id)
    went.push(booked)
  }

  #tell(came: readonly T[], went: readonly T[]): void {
    if (came.length + went.length > 0) this.#onChange({ came, went })
  }
}

export function idOf(table: string, row: Row): string {
  return createHash('sha256')
    .update(JSON.stringify([table, row]))
    .digest('hex')
    .slice(0, 24)
}
