import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { clientSettings, type PostgresOptions } from './postgres.ts'
import { createSignals, type Signals } from './signals.ts'

const CHANNEL = 'usher_signals'

/** Notifications wait this long for company, in milliseconds: each one costs a commit under the server's one lock for them. */
const GATHER_MS = 4

/** PostgreSQL's limit for a payload is 8,000 bytes. */
const LONGEST_PAYLOAD = 7000

/** First and longest wait before a lost connection is made again, in milliseconds. */
const RETRY_MS = 50
const RETRY_LIMIT_MS = 2000

export interface ServerSignals extends Signals {
  close(): Promise<void>
}

/**
 * Signals between processes by LISTEN and NOTIFY, on a connection of their own. Here they arrive at once; elsewhere in a few
 * milliseconds, or never, while the connection is being made again: then the listener's own looking must do.
 */
export function createServerSignals(options: PostgresOptions, onFault: (error: unknown) => void): ServerSignals {
  const local = createSignals()
  /** Ours come back to us too, and were delivered already. */
  const me = Math.random().toString(36).slice(2)
  const waiting = new Map<string, Set<string>>()
  let client: pg.Client | undefined
  let gathering: NodeJS.Timeout | undefined
  let sending: Promise<unknown> = Promise.resolve()
  let closed = false

  const hear = (text: string): void => {
    const [from, topic, ...payloads] = text.split(' ')
    if (from === me || topic === undefined) return
    for (const payload of payloads) local.signal(topic, payload)
  }
  const connect = async (): Promise<void> => {
    for (let wait = RETRY_MS; !closed; wait = Math.min(wait * 2, RETRY_LIMIT_MS)) {
      const next = new pg.Client(clientSettings(options))
      next.on('error', () => {})
      try {
        await next.connect()
        next.on('notification', n => hear(n.payload ?? ''))
        await next.query(`listen ${CHANNEL}`)
        next.on('end', () => {
          if (client !== next) return
          client = undefined
          connection = connect()
        })
        client = next
        if (closed) await next.end()
        return
      } catch (error) {
        onFault(error)
        next.end().catch(() => {})
        await sleep(wait, undefined, { ref: false })
      }
    }
  }
  let connection = connect()

  const send = (): void => {
    gathering = undefined
    const texts = [...waiting].flatMap(([topic, payloads]) => pack(`${me} ${topic}`, payloads))
    waiting.clear()
    const sender = client
    // Hints that can not be sent are dropped: the others look by themselves, a little later.
    if (sender)
      for (const text of texts)
        sending = sending
          .then(() => sender.query({ name: 'notify', text: 'select pg_notify($1, $2)', values: [CHANNEL, text] }))
          .catch(onFault)
  }
  return {
    onSignal: local.onSignal,
    signal(topic, payload) {
      local.signal(topic, payload)
      if (closed) return
      waiting.set(topic, (waiting.get(topic) ?? new Set()).add(payload))
      gathering ??= setTimeout(send, GATHER_MS).unref()
    },
    async close() {
      closed = true
      if (gathering) {
        clearTimeout(gathering)
        send()
      }
      await sending
      const last = client
      client = undefined
      if (last) await last.end().catch(() => {})
      else void connection
    },
  }
}

/** As many payloads to a text as fit. */
function pack(head: string, payloads: Iterable<string>): string[] {
  const texts: string[] = []
  let text = head
  for (const payload of payloads) {
    if (text.length + payload.length > LONGEST_PAYLOAD) {
      texts.push(text)
      text = head
    }
    text += ` ${payload}`
  }
  return [...texts, text]
}
