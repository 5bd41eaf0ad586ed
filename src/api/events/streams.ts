import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Events, ServiceEvent } from '../../control/index.ts'
import { refuse } from '../faults.ts'
import type { Admission } from '../security/admission.ts'

type Kind = ServiceEvent['kind']

/** Events written at once to one client. */
const BATCH = 2000

/** A client that is this many events behind is cut off; it comes back with the id of the last event it saw. */
const FURTHEST_BEHIND = 100_000

/** A line without meaning, in milliseconds: it keeps proxies from closing a quiet connection, and finds the dead ones. */
const HEARTBEAT_MS = 15_000

/** Milliseconds that a browser waits before it comes back. */
const RETRY_MS = 2000

interface Client {
  readonly raw: FastifyReply['raw']
  readonly request: FastifyRequest
  /** Clients with the same one get the same events. */
  readonly filter: string
  /** Not written yet. */
  waiting: ServiceEvent[]
  stop: () => void
}

export interface StreamCounts {
  readonly clients: number
  readonly sent: number
  readonly cutOff: number
}

export interface Streams {
  open(
    request: FastifyRequest,
    reply: FastifyReply,
    wish: { readonly after?: string; readonly kinds?: ReadonlySet<Kind> },
  ): void
  counts(): StreamCounts
  closeAll(): void
}

/**
 * Streams of server-sent events. Events are gathered for some milliseconds, the longer the more clients there are, and what several
 * clients get is written out once: with a thousand clients, a write to each of them for each event would be the whole work.
 */
export function createStreams(events: Events, most: number, admission: Admission): Streams {
  const clients = new Set<Client>()
  const texts = new WeakMap<ServiceEvent, string>()
  let flushing: NodeJS.Timeout | undefined
  let sent = 0
  let cutOff = 0

  const textOf = (event: ServiceEvent): string => {
    let text = texts.get(event)
    if (text === undefined) {
      // JSON has no line breaks outside of strings, and none unescaped in them.
      text = `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
      texts.set(event, text)
    }
    return text
  }
  const schedule = (): void => {
    flushing ??= setTimeout(flushAll, Math.min(50, clients.size / 20))
  }
  const flushAll = (): void => {
    flushing = undefined
    const written = new Map<string, Buffer>()
    for (const client of clients) flush(client, written)
  }
  const flush = (client: Client, written: Map<string, Buffer>): void => {
    // A client that does not read fast enough gets the rest when it has read what it has.
    if (client.waiting.length === 0 || client.raw.writableNeedDrain) return
    const batch = client.waiting.length > BATCH ? client.waiting.slice(0, BATCH) : client.waiting
    client.waiting = client.waiting.length > BATCH ? client.waiting.slice(BATCH) : []
    const key = `${batch[0]!.id} ${batch.at(-1)!.id} ${batch.length} ${client.filter}`
    let bytes = written.get(key)
    if (!bytes) {
      bytes = Buffer.from(batch.map(textOf).join(''))
      written.set(key, bytes)
    }
    client.raw.write(bytes)
    sent += batch.length
    if (client.waiting.length > 0) schedule()
  }
  const remove = (client: Client): void => {
    clients.delete(client)
    client.stop()
    client.waiting = []
  }
  const beat = setInterval(() => {
    for (const client of clients) {
      if (!client.raw.writableNeedDrain) client.raw.write(':\n\n')
      void admission.stillValid(client.request).then(valid => {
        if (!valid) client.raw.end()
      })
    }
  }, HEARTBEAT_MS)
  beat.unref()

  return {
    open(request, reply, { after, kinds }) {
      if (clients.size >= most)
        refuse(503, 'api/too-many-streams', `there are ${most} streams already`, { headers: { 'retry-after': '5' } })
      const filter = kinds ? [...kinds].sort().join(',') : ''
      const client: Client = { raw: reply.raw, request, filter, waiting: [], stop: () => {} }
      client.stop = events.follow(after, kinds, event => {
        client.waiting.push(event)
        if (client.waiting.length > FURTHEST_BEHIND) {
          cutOff++
          client.raw.destroy()
        } else schedule()
      })
      reply.hijack()
      client.raw.on('close', () => remove(client))
      client.raw.on('drain', schedule)
      client.raw.on('error', () => {})
      client.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // The end of the stream is the end of the connection: nothing keeps a stopping server waiting.
        connection: 'close',
        // Proxies of the nginx family would gather the answer otherwise.
        'x-accel-buffering': 'no',
      })
      client.raw.write(`retry: ${RETRY_MS}\n\n`)
      clients.add(client)
      schedule()
    },
    counts: () => ({ clients: clients.size, sent, cutOff }),
    closeAll() {
      clearInterval(beat)
      if (flushing) clearTimeout(flushing)
      flushAll()
      for (const client of [...clients]) {
        client.raw.end()
        remove(client)
      }
    },
  }
}
