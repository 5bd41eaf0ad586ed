import { Connection, type Consumer } from 'rabbitmq-client'
import type { Diagnostic } from '../../../diagnostic/index.ts'
import { shownUrl } from '../../http/index.ts'
import { readMessage } from './message.ts'
import { type Touch, touchesOf } from './touches.ts'

export interface ListenOptions {
  /** `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps://`. */
  readonly url: string
  /** Nodes of a cluster, `HOST:PORT`, instead of the one in the URL. */
  readonly hosts?: readonly string[]
  /** Certificates to trust, in PEM. */
  readonly ca?: string
  /** Where services publish: the exchange of Nova is `nova`. */
  readonly exchange?: string
  /** What Nova's `[oslo_messaging_notifications] topics` and `[notifications] versioned_notifications_topics` say. */
  readonly topics?: readonly string[]
  /** Rows to read again. */
  readonly onTouches: (touches: readonly Touch[]) => void
  /** It listens, for the first time or again: anything may have changed before. */
  readonly onListening: () => void
  /** Its faults are others than before. */
  readonly onFaults?: (faults: readonly Diagnostic[]) => void
}

export interface Listener {
  /** What is wrong now. While anything is, only polling tells of changes. */
  readonly faults: readonly Diagnostic[]
  stop(): Promise<void>
}

/** A queue that nobody reads for a while must not fill the broker's memory. */
const LONGEST_QUEUE = 50_000

/**
 * Listen to a cloud's notifications, reconnecting for ever. Through a queue of our own, which the broker removes with the connection:
 * those who read the queues that are named for the topics get every message as before.
 */
export function listen(options: ListenOptions): Listener {
  const { url, hosts, ca, exchange = 'nova', topics = ['notifications', 'versioned_notifications'] } = options
  const where = `the message queue at \`${shownUrl(url)}\``
  let faults: readonly Diagnostic[] = []
  const setFaults = (now: readonly Diagnostic[]) => {
    if (now.length === 0 && faults.length === 0) return
    faults = now
    options.onFaults?.(now)
  }
  const connection = new Connection({
    url,
    connectionName: 'usher',
    heartbeat: 15,
    retryLow: 500,
    retryHigh: 10_000,
    ...(hosts && { hosts: [...hosts] }),
    ...(ca !== undefined && { tls: { ca } }),
  })
  connection.on('error', (error: unknown) => setFaults([faultOf(error, where, exchange)]))
  const consumer: Consumer = connection.createConsumer(
    {
      queue: '',
      queueOptions: {
        exclusive: true,
        autoDelete: true,
        arguments: { 'x-max-length': LONGEST_QUEUE, 'x-overflow': 'drop-head' },
      },
      // Passive: whoever makes the exchange decides how durable it is, and with another wish Nova could not use it.
      exchanges: [{ exchange, passive: true }],
      queueBindings: topics.map(topic => ({ exchange, routingKey: `${topic}.*` })),
      qos: { prefetchCount: 1000 },
    },
    message => {
      const notification = readMessage(message.body)
      const touches = notification ? touchesOf(notification) : []
      if (touches.length > 0) options.onTouches(touches)
    },
  )
  consumer.on('ready', () => {
    setFaults([])
    options.onListening()
  })
  consumer.on('error', (error: unknown) => setFaults([faultOf(error, where, exchange)]))
  return {
    get faults() {
      return faults
    },
    async stop() {
      connection.removeAllListeners('error').on('error', () => {})
      consumer.removeAllListeners('error').on('error', () => {})
      // Closing waits for an answer that may never come.
      const closed = connection.ready ? consumer.close().then(() => connection.close()) : Promise.resolve()
      await Promise.race([closed.catch(() => {}), new Promise(resolve => setTimeout(resolve, 2000).unref())])
      connection.unsafeDestroy()
    },
  }
}

function faultOf(error: unknown, where: string, exchange: string): Diagnostic {
  const { code = '', message = String(error) } = error as { code?: string; message?: string }
  const fault = (id: string, text: string, help: string): Diagnostic => ({
    code: id,
    severity: 'warning',
    message: text,
    help,
  })
  if (code === 'ACCESS_REFUSED' || /ACCESS_REFUSED/.test(message))
    return fault(
      'source/queue-refused',
      `${where} refuses the login`,
      'check user, password and virtual host; the user needs the right to configure, write and read queues',
    )
  if (code === 'NOT_FOUND')
    return fault(
      'source/no-exchange',
      `${where} has no exchange \`${exchange}\``,
      'switch notifications on in Nova, or correct `exchange`; it appears with the first notification',
    )
  return fault(
    'source/queue-unreachable',
    `${where} can't be used: ${message}`,
    'check the address, and that RabbitMQ runs; until then changes are found by polling',
  )
}
