import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Reading, Service } from '../control/index.ts'
import type { StreamCounts } from './events/streams.ts'

/**
 * Metrics of one server. Four questions lead them: is it current (age and staleness of tables), is it quick (evaluation, requests), is
 * it stuck (readiness, queues, cycles), did it help (violations, what plans mended). What the service knows comes from its readings.
 */
export interface Metrics {
  /** All of them, as Prometheus reads them. */
  text(): Promise<string>
  readonly contentType: string
}

export function createMetrics(app: FastifyInstance, service: Service, streams: () => StreamCounts): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'usher_http_request_seconds',
    help: 'Time to answer requests.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown')
    requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
  gauge(registers, 'usher_streams', 'Clients that follow the stream of events.', [], () => [
    { value: streams().clients },
  ])
  counter(registers, 'usher_stream_events_total', 'Events sent to clients of the stream.', () => streams().sent)
  counter(registers, 'usher_stream_cut_off_total', 'Clients cut off for not keeping up.', () => streams().cutOff)
  gauge(
    registers,
    'usher_ready',
    '1 when the service is ready, for each part: 0 when it is not.',
    ['part'],
    async () => {
      const health = await service.health()
      return [
        { labels: { part: 'all' }, value: health.ready ? 1 : 0 },
        ...['database', 'tables', 'evaluator', 'workers'].map(part => ({
          labels: { part },
          value: health.reasons.some(reason => reason.part === part) ? 0 : 1,
        })),
      ]
    },
  )
  freshness(registers, service)
  return {
    contentType: registry.contentType,
    async text() {
      const own = await registry.metrics()
      return own + service.readings().map(textOf).join('')
    },
  }
}

/** Ages of tables and which are stale: together they say whether what is shown is what is. */
function freshness(registers: Registry[], service: Service): void {
  gauge(
    registers,
    'usher_table_age_seconds',
    'Time since a table was last known to be right.',
    ['source', 'table'],
    async () =>
      (await service.tables.sources()).flatMap(({ name, status }) =>
        status.tables.flatMap(({ table, rightAt }) =>
          rightAt === undefined
            ? []
            : [{ labels: { source: name, table }, value: (Date.now() - Date.parse(rightAt)) / 1000 }],
        ),
      ),
  )
  gauge(
    registers,
    'usher_tables',
    'Tables of a data source, by state: fresh, stale, unread.',
    ['source', 'state'],
    async () =>
      (await service.tables.sources()).flatMap(({ name, status }) =>
        status.tables.map(({ state }) => ({ labels: { source: name, state }, value: 1 })),
      ),
  )
}

/** Values with the same labels are added up. */
function gauge(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => Reading['samples'] | Promise<Reading['samples']>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers,
    async collect() {
      const samples = await read()
      // Not before they are read: others may be asking at the same time.
      this.reset()
      for (const { labels = {}, value } of samples) this.inc(labels, value)
    },
  })
}

function counter(registers: Registry[], name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers,
    collect() {
      this.reset()
      this.inc(read())
    },
  })
}

function textOf({ name, help, kind, samples }: Reading): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`)
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
  })
  return `\n# HELP ${name} ${help.replaceAll('\n', ' ')}\n# TYPE ${name} ${kind}\n${lines.join('')}`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
