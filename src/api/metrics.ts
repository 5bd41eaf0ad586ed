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
  gauge(registers, 'usher_streams', 'Clients that follow the stream of events.', set => set({}, streams().clients))
  counter(registers, 'usher_stream_events_total', 'Events sent to clients of the stream.', () => streams().sent)
  counter(registers, 'usher_stream_cut_off_total', 'Clients cut off for not keeping up.', () => streams().cutOff)
  gauge(registers, 'usher_ready', '1 when the service is ready, for each part: 0 when it is not.', async set => {
    const health = await service.health()
    set({ part: 'all' }, health.ready ? 1 : 0)
    for (const part of ['database', 'tables', 'evaluator', 'workers'])
      set({ part }, health.reasons.some(reason => reason.part === part) ? 0 : 1)
  })
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
  new Gauge({
    name: 'usher_table_age_seconds',
    help: 'Time since a table was last known to be right.',
    labelNames: ['source', 'table'],
    registers,
    async collect() {
      this.reset()
      for (const { name, status } of await service.tables.sources())
        for (const { table, rightAt } of status.tables)
          if (rightAt !== undefined) this.set({ source: name, table }, (Date.now() - Date.parse(rightAt)) / 1000)
    },
  })
  new Gauge({
    name: 'usher_tables',
    help: 'Tables of a data source, by state: fresh, stale, unread.',
    labelNames: ['source', 'state'],
    registers,
    async collect() {
      this.reset()
      for (const { name, status } of await service.tables.sources())
        for (const { state } of status.tables) this.inc({ source: name, state })
    },
  })
}

type SetValue = (labels: Record<string, string>, value: number) => void

function gauge(
  registers: Registry[],
  name: string,
  help: string,
  collect: (set: SetValue) => void | Promise<void>,
): void {
  new Gauge({
    name,
    help,
    labelNames: name === 'usher_ready' ? ['part'] : [],
    registers,
    async collect() {
      await collect((labels, value) => this.set(labels, value))
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
