import type { Store } from '../../../store/index.ts'
import type { ActionStatus } from '../../index.ts'
import type { Trace } from './action-type.ts'

/** What is remembered of an action that was asked for. */
export interface ActionRecord {
  /** Identifies the wish. */
  readonly token: string
  readonly action: string
  readonly input: unknown
  readonly trace: Trace
  /** Milliseconds since 1970: when it was asked for. */
  readonly at: number
  /** The cloud is known to have accepted it. */
  readonly sent: boolean
  /** It was not even sent: whoever asks for it again is answered the same. */
  readonly refused?: boolean
  readonly outcome?: ActionStatus
}

/**
 * Where actions are remembered. What is written is there after a crash: a record is written before its action is sent, so that whoever
 * comes after looks for the action's traces instead of sending it again.
 */
export interface ActionJournal {
  read(token: string): Promise<ActionRecord | undefined>
  /** Replaces the record of the same token. */
  write(record: ActionRecord): Promise<void>
  /** Those without an outcome. */
  open(): Promise<readonly ActionRecord[]>
}

/** A journal that ends with the process. */
export function memoryJournal(): ActionJournal {
  const records = new Map<string, ActionRecord>()
  return {
    read: async token => records.get(token),
    write: async record => void records.set(record.token, record),
    open: async () => [...records.values()].filter(record => !record.outcome),
  }
}

/** A journal in the database, shared by all processes that use it. */
export function storeJournal(store: Store): ActionJournal {
  const parse = (row: { readonly body: string }) => JSON.parse(row.body) as ActionRecord
  return {
    async read(token) {
      const query = store.db.selectFrom('cloud_actions').select('body').where('token', '=', token)
      const row = await query.executeTakeFirst()
      return row && parse(row)
    },
    async write(record) {
      const body = JSON.stringify(record)
      const open = record.outcome ? 0 : 1
      await store.transaction(tx =>
        tx
          .insertInto('cloud_actions')
          .values({ token: record.token, asked_at: record.at, open, body })
          .onConflict(conflict => conflict.column('token').doUpdateSet({ open, body }))
          .execute(),
      )
    },
    async open() {
      return (await store.db.selectFrom('cloud_actions').select('body').where('open', '=', 1).execute()).map(parse)
    },
  }
}
