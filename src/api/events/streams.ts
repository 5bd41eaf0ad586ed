import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Events, ServiceEvent } from '../../control/index.ts'
import { refuse } from '../faults.ts'
import type { Admission } from '../security/admission.ts'
import { RecentEvents } from './recent.ts'

type Kind = ServiceEvent['kind']

/** Events written at once to one client. */
const BATCH = 2000

/** A client that is this many events behind is cut off; it comes back with the id of the last event it saw. */
const FURTHEST_BEHIND = 50_000

/** A line without meaning, in milliseconds: it keeps proxies from closing a quiet connection, and finds the dead ones. */
const HEARTBEAT_MS = 15_000

/** Milliseconds that a browser waits before it comes back. */
const RETRY_MS = 2000

interface Client {
  readonly raw: FastifyReply['raw']
  readonly request: FastifyRequest
  readonly kinds: ReadonlySet<Kind> | undefined
  /** The same for clients that get the same events. */
  readonly filter: string
  /** What it missed and was not written yet; comes before everything else. */
  missed: ServiceEvent[]
  /** Where it goes on in the recent events; undefined while it is catching up. */
  position: number | undefined
  stopCatchingUp: () => void
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
 * Streams of server-sent events. The service is followed once for all clients; one that missed something follows it by itself until it
 * has caught up. Events are gathered for some milliseconds, the longer the more clients there are, and what several clients get is
 * written out once: with a thousand clients, a write to each of them for each event would be the whole work.
 */
export function createStreams(events: Events, most: number, admission: Admission): Streams {
  const clients = new Set<Client>()
  const recent = new RecentEvents(FURTHEST_BEHIND)
  let flushing: NodeJS.Timeout | undefined
  let sent = 0
  let cutOff = 0

  const schedule = (): void => {
    flushing ??= setTimeout(flushAll, Math.min(50, clients.size / 20))
  }
  const stopFollowing = events.follow(undefined, undefined, event => {
    recent.add(event)
    schedule()
  })
  const flushAll = (): void => {
    flushing = undefined
    const written = new Map<string, Written>()
    for (const client of clients) flush(client, written)
  }
  const flush = (client: Client, written: Map<string, Written>): void => {
    // A client that does not read fast enough gets the rest when it has read what it has.
    while (!client.raw.writableNeedDrain && !client.raw.destroyed) {
      const batch = nextBatch(client, written)
      if (!batch) return
      if (batch.count > 0) client.raw.write(batch.bytes)
      sent += batch.count
    }
  }
  const nextBatch = (client: Client, written: Map<string, Written>): Written | undefined => {
    if (client.missed.length > 0) return writtenOut(client.missed.splice(0, BATCH))
    if (client.position === undefined || client.position >= recent.end) return undefined
    if (client.position < recent.start) {
      cut(client)
      return undefined
    }
    const key = `${client.position} ${client.filter}`
    let batch = written.get(key)
    if (!batch) {
      const found = recent.from(client.position, BATCH)
      batch = { ...writtenOut(found.filter(event => isWanted(client, event))), next: client.position + found.length }
      written.set(key, batch)
    }
    client.position = batch.next
    return batch
  }
  const catchUp = (client: Client, after: string): void => {
    const position = recent.positionOf(after)
    if (position !== undefined) {
      client.position = position + 1
      return
    }
    let caughtUp = false
    const stop = events.follow(after, undefined, event => {
      if (caughtUp) return
      if (isWanted(client, event)) client.missed.push(event)
      const here = recent.positionOf(event.id)
      if (here !== undefined) {
        // From here on everything is among the recent events.
        caughtUp = true
        client.position = here + 1
        client.stopCatchingUp()
      } else if (client.missed.length > FURTHEST_BEHIND) cut(client)
      schedule()
    })
    client.stopCatchingUp = stop
    if (caughtUp) stop()
  }
  const cut = (client: Client): void => {
    cutOff++
    client.raw.destroy()
  }
  const remove = (client: Client): void => {
    clients.delete(client)
    client.stopCatchingUp()
    client.missed = []
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
      const client: Client = {
        raw: reply.raw,
        request,
        kinds,
        filter,
        missed: [],
        position: after === undefined ? recent.end : undefined,
        stopCatchingUp: () => {},
      }
      if (after !== undefined) catchUp(client, after)
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
      stopFollowing()
      if (flushing) clearTimeout(flushing)
      flushAll()
      for (const client of [...clients]) {
        client.raw.end()
        remove(client)
      }
    },
  }
}

/** Events as bytes, for every client that gets the same ones. */
interface Written {
  readonly bytes: Buffer
  readonly count: number
  /** The position behind them. */
  readonly next: number
}

function writtenOut(events: readonly ServiceEvent[]): Written {
  return { bytes: Buffer.from(events.map(textOf).join('')), count: events.length, next: 0 }
}

/** JSON has no line breaks outside of texts, and none unescaped in them. */
function textOf(event: ServiceEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
}

/** That something was missed is for everyone, whatever kinds they wish for. */
function isWanted({ kinds }: Client, event: ServiceEvent): boolean {
  return kinds === undefined || kinds.has(event.kind) || event.data['missed'] === true
}
