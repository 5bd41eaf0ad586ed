import { fail } from '../diagnostic/index.ts'
import type { Delta, Snapshot } from '../tables/index.ts'
import type { Changes, Evaluator } from './types.ts'

/** A full reading that holds all batches up to a position, that one included, and nothing of later ones. */
export interface PositionedSnapshot {
  readonly tables: Snapshot
  readonly position: number
}

/** What a replica follows; every data source is one. */
export interface ReplicaSource {
  /** Not older than the call; or with its position, and then of any age. */
  read(): Promise<Snapshot | PositionedSnapshot>
  /** Every batch from now on, in the order in which they happened. A position is that of the batch before plus one. */
  subscribe?(listener: (batch: readonly Delta[], position?: number) => void): () => void
}

export interface ReplicaOptions {
  /** After each batch that changed a watched table. */
  readonly onChanges?: (changes: Changes) => void
  /** After each full reading: anything may have changed. */
  readonly onLoaded?: () => void
  /** The replica stopped following. `resync` begins anew. */
  readonly onError?: (error: unknown) => void
}

/** An evaluator that follows a source. */
export interface Replica {
  /** `reading`: deltas wait for a full reading. `live`: they are applied as they come. `stopped`: closed, or an error. */
  readonly state: 'reading' | 'live' | 'stopped'
  /** Of the last batch that the evaluator's state holds, where the source tells positions. */
  readonly position: number | undefined
  /** Read everything again; deltas that come meanwhile wait. */
  resync(): Promise<void>
  close(): void
}

/** Readings that may turn out too old, one after the other, before a replica gives up. */
const READINGS = 5

interface Batch {
  readonly deltas: readonly Delta[]
  readonly position: number | undefined
}

/**
 * Fill an evaluator from a source and keep it current. Resolves when it is; rejects when the first reading fails.
 *
 * Deltas arrive while the snapshot is read, and nobody can tell from a row whether the snapshot has it for them or not. So the replica
 * subscribes first, keeps what comes, loads the snapshot, and then:
 *
 * - Where the source tells positions, batches that the snapshot holds are left out, also when they are delivered late, and the rest is
 *   applied. A position that was skipped is a lost batch: everything is read again.
 * - Where it does not, all batches since the subscription are applied, in their order and as one transaction. Tables are sets and a delta
 *   says of each row it names whether it is in or out, so after the whole sequence such a row is as the last delta that names it says,
 *   whatever the snapshot had; all other rows did not change since the subscription. It does not even matter whether the snapshot is of
 *   one moment. The state in between may be one that never was (a row that came and went, come again), hence the one transaction. This
 *   needs the order, and a snapshot not older than the subscription; batches that are still on their way when the reading is done bring
 *   such a state to light until the last of them is there. Sources that deliver late should tell positions.
 */
export async function createReplica(
  evaluator: Evaluator,
  source: ReplicaSource,
  options: ReplicaOptions = {},
): Promise<Replica> {
  const replica = new Follower(evaluator, source, options)
  await replica.resync()
  return replica
}

class Follower implements Replica {
  readonly #evaluator: Evaluator
  readonly #source: ReplicaSource
  readonly #options: ReplicaOptions
  state: Replica['state'] = 'stopped'
  position: number | undefined
  #waiting: Batch[] = []
  #unsubscribe: (() => void) | undefined
  #reading: Promise<void> | undefined
  #isApplying = false
  #isClosed = false

  constructor(evaluator: Evaluator, source: ReplicaSource, options: ReplicaOptions) {
    this.#evaluator = evaluator
    this.#source = source
    this.#options = options
  }

  resync(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  async #read(): Promise<void> {
    this.state = 'reading'
    try {
      this.#unsubscribe ??= this.#source.subscribe?.((deltas, position) => this.#receive({ deltas, position }))
      for (let reading = 1; ; reading++) {
        const snapshot = await this.#source.read()
        if (this.#isClosed) return
        if (this.#takeOver(snapshot)) break
        if (reading < READINGS) continue
        fail('datalog/lost-batches', 'the data source gave snapshots older than its changes', {
          help: 'look whether the source reads from a copy that lags behind',
        })
      }
    } catch (error) {
      this.#stop()
      throw error
    }
    this.state = 'live'
    this.#options.onLoaded?.()
    this.#catchUp()
    this.#prepare()
  }

  /** Piece by piece between other work, so that the first change need not wait for indexes. */
  #prepare(): void {
    setImmediate(() => {
      if (this.state === 'live' && this.#evaluator.prepare()) this.#prepare()
    })
  }

  /** Load a snapshot and what came after it; false when something between them is missing, and then nothing was done. */
  #takeOver(snapshot: Snapshot | PositionedSnapshot): boolean {
    const { tables, position } = isPositioned(snapshot) ? snapshot : { tables: snapshot, position: undefined }
    const missing: Batch[] = []
    let last = position
    for (const batch of this.#waiting) {
      if (isHeld(batch, last)) continue
      if (isBeyond(batch, last)) return false
      missing.push(batch)
      last = batch.position
    }
    this.#evaluator.load(tables.values())
    this.#evaluator.apply(missing.flatMap(batch => batch.deltas))
    this.#waiting = []
    this.position = last
    return true
  }

  #receive(batch: Batch): void {
    if (this.state === 'stopped') return
    this.#waiting.push(batch)
    this.#catchUp()
  }

  /** Apply what waits. A listener may change the source itself: what comes of it waits its turn. */
  #catchUp(): void {
    if (this.#isApplying) return
    this.#isApplying = true
    try {
      while (this.state === 'live' && this.#waiting.length > 0) this.#next()
    } catch (error) {
      this.#stop()
      if (!this.#options.onError) throw error
      this.#options.onError(error)
    } finally {
      this.#isApplying = false
    }
  }

  #next(): void {
    const batch = this.#waiting[0]!
    if (isBeyond(batch, this.position)) {
      // It goes on waiting: the reading that begins now may be older.
      this.resync().catch((error: unknown) => this.#options.onError?.(error))
      return
    }
    this.#waiting.shift()
    if (isHeld(batch, this.position)) return
    const changes = this.#evaluator.apply(batch.deltas)
    this.position = batch.position
    if (changes.size > 0) this.#options.onChanges?.(changes)
  }

  #stop(): void {
    this.state = 'stopped'
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#waiting = []
  }
}

function isPositioned(snapshot: Snapshot | PositionedSnapshot): snapshot is PositionedSnapshot {
  return 'position' in snapshot
}

/** The state at `position` has this batch in it. */
function isHeld(batch: Batch, position: number | undefined): boolean {
  return batch.position !== undefined && position !== undefined && batch.position <= position
}

/** Something between the state at `position` and this batch is missing. */
function isBeyond(batch: Batch, position: number | undefined): boolean {
  return batch.position !== undefined && position !== undefined && batch.position > position + 1
}
