import { createHmac } from 'node:crypto'
import { v7 as newId } from 'uuid'
import { fail } from '../../diagnostic/index.ts'
import { type Action, showExecution, type TaskResult, type WorkflowEngine } from '../../workflow/index.ts'
import { pageOfSorted } from './page.ts'
import { forLog, type Parts } from './parts.ts'
import { writeAudit } from './record/audit.ts'
import { readCounter } from './record/counters.ts'
import { readEvents } from './record/event-log.ts'
import type { Lease } from './record/lease.ts'
import type { Actor, Page, PageRequest, ServiceEvent, Webhooks, WebhookView } from './types.ts'

/** The action that sends one batch of events to one webhook. */
export const DELIVER = 'usher:webhook'

const KINDS = ['violation', 'cost', 'placement', 'plan', 'workflow', 'policy', 'freshness'] as const
/** Events in one request. */
const BATCH = 100
/** Seconds that a receiver has to answer. */
const PATIENCE = 15
const LOOK_MS = 1000

const delivery = {
  name: 'webhook',
  tasks: {
    deliver: {
      action: DELIVER,
      retry: { count: 20, delay: 1, backoff: 2, 'max-delay': 900 },
      timeout: 2 * PATIENCE,
    },
  },
}

interface Delivery {
  readonly hook: string
  /** Ids of the first and the last event that were looked at. */
  readonly first: number
  readonly last: number
  readonly events: readonly ServiceEvent[]
}

/**
 * Webhooks: events go out as signed requests, each through the workflow engine, which tries again. A batch is an execution whose id is
 * that of its first event: who starts it twice, after a crash, starts one. Receivers may see a batch twice, never lose one.
 */
export class WebhookDesk implements Webhooks {
  readonly #parts: Parts
  readonly #engine: WorkflowEngine
  readonly #lease: Lease
  #cancelTimer: (() => void) | undefined
  #working: Promise<void> | undefined
  #stopped = false

  constructor(parts: Parts, engine: WorkflowEngine, lease: Lease) {
    this.#parts = parts
    this.#engine = engine
    this.#lease = lease
    this.#lookLater()
  }

  async list(request: PageRequest): Promise<Page<WebhookView>> {
    const rows = await this.#parts.store.db.selectFrom('webhooks').selectAll().execute()
    return pageOfSorted(rows.map(viewOf), request, ({ id }) => id)
  }

  async create(
    hook: { readonly url: string; readonly kinds: WebhookView['kinds']; readonly secret: string },
    actor: Actor,
  ): Promise<WebhookView> {
    const { url, kinds, secret } = hook
    checkUrl(url)
    const strange = kinds.find(kind => !KINDS.includes(kind))
    if (strange !== undefined || kinds.length === 0)
      fail('control/webhook', `\`${strange ?? ''}\` is not a kind of event`, {
        help: `name some of ${KINDS.join(', ')}`,
      })
    if (secret.length < 16)
      fail('control/webhook', 'the secret of a webhook is too short', { help: 'give at least 16 characters' })
    const { store, clock } = this.#parts
    const now = clock.now()
    const row = { id: newId(), url, kinds: JSON.stringify(kinds), secret, created_by: actor.id, created_at: now }
    await store.transaction(async tx => {
      const counter = await tx.selectFrom('counters').select('value').where('name', '=', 'events').executeTakeFirst()
      await tx
        .insertInto('webhooks')
        .values({ ...row, sent_up_to: counter?.value ?? 0 })
        .execute()
      await writeAudit(tx, now, actor, { action: 'webhook.create', subject: row.id, after: { url: shown(url), kinds } })
    })
    return viewOf(row)
  }

  async remove(id: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts
    await store.transaction(async tx => {
      const gone = await tx.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst()
      if (Number(gone.numDeletedRows) === 0)
        fail('control/unknown-webhook', `there is no webhook \`${id}\``, { help: 'list the webhooks' })
      await writeAudit(tx, clock.now(), actor, { action: 'webhook.remove', subject: id })
    })
  }

  /** What the workflow engine carries out. */
  action(): Action {
    return {
      run: async (_, { executionInput, token }) => {
        const { hook: id, first, events } = executionInput as Delivery
        const { db } = this.#parts.store
        const hook = await db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst()
        if (!hook) return { outcome: 'success', data: 'the webhook was removed' }
        const body = JSON.stringify({ delivery: `${id}-${first}`, events })
        return send(hook.url, body, hook.secret, token)
      },
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#working
  }

  #lookLater(): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => {
      this.#working = this.#look()
        .catch(error => this.#parts.log.warn(forLog(error), 'webhooks can not be served now'))
        .finally(() => this.#lookLater())
    })
  }

  async #look(): Promise<void> {
    if (!this.#lease.held) return
    const { store } = this.#parts
    const last = await readCounter(store, 'events')
    const behind = await store.db.selectFrom('webhooks').selectAll().where('sent_up_to', '<', last).execute()
    for (const hook of behind) {
      const kinds = new Set(JSON.parse(hook.kinds) as string[])
      let from = hook.sent_up_to
      while (from < last && this.#lease.held) {
        const read = await readEvents(store, from, BATCH)
        if (read.length === 0) break
        const events = read.filter(({ kind }) => kinds.has(kind)).map(({ n: _, ...event }) => event)
        let upTo = read.at(-1)!.n
        if (events.length > 0) {
          const id = `webhook-${hook.id}-${read[0]!.n}`
          const input: Delivery = { hook: hook.id, first: read[0]!.n, last: upTo, events }
          await this.#engine.start(delivery, input, id)
          // Another, killed before it wrote how far it had come, may have started it with fewer events.
          upTo = ((await showExecution(store, id)).input as Delivery).last
        }
        await store.transaction(tx =>
          tx.updateTable('webhooks').set({ sent_up_to: upTo }).where('id', '=', hook.id).execute(),
        )
        from = upTo
      }
    }
  }
}

async function send(url: string, body: string, secret: string, token: string): Promise<TaskResult> {
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'usher',
        'x-usher-signature': `sha256=${signature}`,
        'x-usher-delivery': token,
      },
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE * 1000),
    })
    await response.body?.cancel()
    if (response.ok) return { outcome: 'success', data: { status: response.status } }
    // Gone for good, says the receiver itself; everything else may pass.
    return { outcome: 'error', error: `it answered ${response.status}`, retryable: response.status !== 410 }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { outcome: 'error', error: cause instanceof Error ? cause.message : String(cause) }
  }
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && ['http:', 'https:'].includes(url.protocol)) return
  fail('control/webhook', 'the URL of the webhook is not one of HTTP', { help: 'write it like `https://host/path`' })
}

/** Without user, password and query, which may be secret. */
function shown(text: string): string {
  const url = new URL(text)
  return `${url.protocol}//${url.host}${url.pathname}`
}

function viewOf(row: {
  readonly id: string
  readonly url: string
  readonly kinds: string
  readonly created_by: string
}): WebhookView {
  return {
    id: row.id,
    url: shown(row.url),
    kinds: JSON.parse(row.kinds) as WebhookView['kinds'],
    createdBy: row.created_by,
  }
}
