import type { StoreTransaction } from '../../../store/index.ts'
import { limitOf, pageOf, readCursor } from '../page.ts'
import { moment, type Parts } from '../parts.ts'
import type { Actor, AuditEntry, Page, PageRequest } from '../types.ts'

export interface NewAudit {
  readonly action: string
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

/** Who changed what. Written by the transaction that makes the change. */
export async function writeAudit(
  tx: StoreTransaction,
  now: number,
  actor: Actor,
  { action, subject, before, after }: NewAudit,
): Promise<void> {
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  await tx
    .insertInto('audit')
    .values({ at: now, actor: actor.id, action, subject, before: text(before), after: text(after) })
    .execute()
}

/** The newest first. */
export async function readAudit(
  { store }: Pick<Parts, 'store'>,
  request: PageRequest & { readonly subject?: string },
): Promise<Page<AuditEntry>> {
  const limit = limitOf(request)
  const before = readCursor<number>(request.cursor)
  let query = store.db
    .selectFrom('audit')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (before !== undefined) query = query.where('id', '<', before)
  if (request.subject !== undefined) query = query.where('subject', '=', request.subject)
  const page = pageOf(await query.execute(), limit, row => row.id)
  return {
    ...page,
    items: page.items.map(row => ({
      id: String(row.id),
      at: moment(row.at),
      actor: row.actor,
      action: row.action,
      subject: row.subject,
      ...(row.before !== null && { before: JSON.parse(row.before) as unknown }),
      ...(row.after !== null && { after: JSON.parse(row.after) as unknown }),
    })),
  }
}
