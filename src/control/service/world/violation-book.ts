import { type Program, renderTuple } from '../../../language/index.ts'
import type { Parts } from '../parts.ts'
import type { LiveWorld } from './live-world.ts'
import { type BookChange, type BookedRow, RowBook } from './row-book.ts'

/** A violation that holds now. */
export interface Held extends BookedRow {
  readonly policy: string
  readonly role: 'error' | 'warning'
  readonly text: string
  /** Milliseconds since 1970: when it began, as far as any replica saw it; never later than this replica's clock when it came here. */
  since: number
}

/** All violations of the active policies, in memory. */
export class ViolationBook {
  readonly #book: RowBook<Held>
  readonly #listeners = new Set<(change: BookChange<Held>) => void>()
  /** When violations that the database knows began; of those that are not here (yet) too. */
  readonly #began = new Map<string, number>()

  constructor(world: LiveWorld, { clock }: Pick<Parts, 'clock'>) {
    this.#book = new RowBook<Held>(
      world,
      ({ role }) => role === 'error' || role === 'warning',
      (booked, { policy, role }) => ({
        ...booked,
        policy: policy ?? '',
        role: role as Held['role'],
        text: textOf(world.program, booked),
        since: Math.min(this.#began.get(booked.id) ?? Number.POSITIVE_INFINITY, clock.now()),
      }),
      change => {
        for (const { id } of change.went) this.#began.delete(id)
        for (const listener of this.#listeners) listener(change)
      },
    )
  }

  get all(): ReadonlyMap<string, Held> {
    return this.#book.rows
  }

  /** The database says when a violation began, by the clock of whoever wrote it: what is here can't have begun after it came. */
  learn(id: string, since: number): void {
    this.#began.set(id, since)
    const held = this.#book.rows.get(id)
    if (held) held.since = Math.min(since, held.since)
  }

  onChange(listener: (change: BookChange<Held>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    this.#book.stop()
  }
}

function textOf(program: Program, { table, row }: BookedRow): string {
  return renderTuple(program, table, row)
}
