import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Store } from '../store/index.ts'
import { refuse } from './faults.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request carries an idempotency key that was seen for the first time: its answer is kept. */
    keyed: string | undefined
  }
}

/** How long an answer is kept, in milliseconds. */
const KEPT_FOR = 24 * 3_600_000

/** A request that was not answered for so long was cut off by the end of a process; it may be sent again. */
const GIVEN_UP_AFTER = 600_000

/** Longer answers are not kept; none of a changing request is. */
const LONGEST_KEPT = 1_000_000

const KEPT_HEADERS = ['content-type', 'location', 'etag']

/**
 * Idempotency keys: a POST that is sent twice with the same `Idempotency-Key` is carried out once, and both get the same answer. Kept
 * in the database, so that it holds across replicas and restarts; refusals that are not the caller's fault are not kept.
 */
export function addIdempotency(app: FastifyInstance, store: Store, clock: () => number = Date.now): void {
  app.decorateRequest('keyed', undefined)

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key']
    if (request.method !== 'POST' || key === undefined) return
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key))
      refuse(400, 'api/bad-request', 'the idempotency key is not understood', {
        field: 'headers.idempotency-key',
        help: 'use up to 128 visible ASCII characters, for example a UUID',
      })
    const before = await claim(request, key)
    if (!before) {
      request.keyed = key
      return
    }
    const { 'content-type': type, ...headers } = JSON.parse(before.headers) as Record<string, string>
    return reply
      .code(before.status)
      .headers({ ...headers, 'idempotency-replayed': 'true', ...(type ? { 'content-type': type } : {}) })
      .serializer(body => body as string)
      .send(before.body)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const key = request.keyed
    if (key === undefined) return payload
    request.keyed = undefined
    const body = typeof payload === 'string' ? payload : ''
    const whole = typeof payload === 'string' || payload === null || payload === undefined
    // What is not the caller's fault may go better the next time.
    if (reply.statusCode >= 500 || reply.statusCode === 429 || !whole || body.length > LONGEST_KEPT)
      await forget(request, key)
    else await keep(request, key, reply.statusCode, reply.getHeaders(), body)
    return payload
  })

  async function claim(
    request: FastifyRequest,
    key: string,
  ): Promise<{ status: number; headers: string; body: string } | undefined> {
    const caller = request.caller.id
    const fingerprint = fingerprintOf(request)
    const now = clock()
    return store.transaction(async tx => {
      await tx
        .deleteFrom('answers')
        .where(e =>
          e.or([
            e('created_at', '<', now - KEPT_FOR),
            e.and([e('status', 'is', null), e('created_at', '<', now - GIVEN_UP_AFTER)]),
          ]),
        )
        .execute()
      const taken = await tx
        .insertInto('answers')
        .values({ caller, key, request: fingerprint, status: null, headers: null, body: null, created_at: now })
        .onConflict(conflict => conflict.columns(['caller', 'key']).doNothing())
        .executeTakeFirst()
      if (Number(taken.numInsertedOrUpdatedRows ?? 0) > 0) return undefined
      const row = await tx
        .selectFrom('answers')
        .selectAll()
        .where('caller', '=', caller)
        .where('key', '=', key)
        .executeTakeFirstOrThrow()
      if (row.request !== fingerprint)
        refuse(422, 'api/key-reused', 'the idempotency key was sent with another request before')
      if (row.status === null)
        refuse(409, 'api/key-in-use', 'the same request is being carried out', { headers: { 'retry-after': '1' } })
      return { status: row.status, headers: row.headers ?? '{}', body: row.body ?? '' }
    })
  }

  async function keep(
    request: FastifyRequest,
    key: string,
    status: number,
    headers: Readonly<Record<string, unknown>>,
    body: string,
  ): Promise<void> {
    const kept = Object.fromEntries(
      KEPT_HEADERS.flatMap(name => (headers[name] ? [[name, String(headers[name])]] : [])),
    )
    try {
      await store.transaction(tx =>
        tx
          .updateTable('answers')
          .set({ status, headers: JSON.stringify(kept), body })
          .where('caller', '=', request.caller.id)
          .where('key', '=', key)
          .execute(),
      )
    } catch (error) {
      // The change is made and its answer goes out; only a repetition would now be told to wait.
      request.log.error(error, 'the answer to a keyed request could not be kept')
    }
  }

  async function forget(request: FastifyRequest, key: string): Promise<void> {
    try {
      await store.transaction(tx =>
        tx.deleteFrom('answers').where('caller', '=', request.caller.id).where('key', '=', key).execute(),
      )
    } catch (error) {
      request.log.error(error, 'the claim of a keyed request could not be given back')
    }
  }
}

function fingerprintOf(request: FastifyRequest): string {
  const body = request.body === undefined ? '' : JSON.stringify(request.body)
  return createHash('sha256').update(`${request.method} ${request.url}\n${body}`).digest('hex')
}
