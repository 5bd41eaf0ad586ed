import { fail, type Span } from '../../diagnostic/index.ts'
import type { Row } from '../../tables/index.ts'
import { reach } from '../http/index.ts'
import { type LiveTable, PolledSource, type ReadAnswer, type Reading, type ReadRequest } from '../live/index.ts'
import { type Measure, MeasuredReading } from '../metrics/index.ts'
import type { OpenOptions } from '../opening.ts'
import { PrometheusClient, type Series } from './client.ts'
import type { PrometheusSettings } from './settings.ts'

/** Prometheus as a data source: the tables of meters by queries for each, and tables of any queries. */
export function openPrometheus(
  settings: PrometheusSettings,
  { base, span, now = Date.now }: OpenOptions,
): PolledSource {
  const { name, meters, tables, interval, staleAfter, window, step } = settings
  const http = reach(settings, base)
  const client = new PrometheusClient(http, settings.url, settings)
  const named = meters.map(meter => ({ ...meter, nameOf: labelReader(meter.resource, meter.match, span) }))
  const measure = async (signal: AbortSignal) => {
    const end = Math.floor(now() / 1000)
    const measures: Measure[] = []
    for (const { meter, unit, query, nameOf } of named) {
      for (const series of await client.range(query, { start: end - window, end, step }, signal)) {
        const resource = nameOf(series)
        if (resource === undefined) continue
        measures.push({ meter, ...(unit === undefined ? {} : { unit }), resource, period: step, points: series.points })
      }
    }
    return { measures, warnings: [] }
  }
  const measured =
    meters.length === 0 ? [] : [new MeasuredReading({ module: name, interval, staleAfter, lazy: () => true, measure })]
  const queries = Object.entries(tables).map(
    ([table, about]) =>
      new QueryReading(client, `${name}:${table}`, about, about.interval ?? interval, staleAfter, span),
  )
  return new PolledSource({
    name,
    driver: 'prometheus',
    description: 'Meters and queries of Prometheus',
    readings: [...measured, ...queries],
    now,
    close: () => http.close(),
  })
}

type QueryTable = PrometheusSettings['tables'][string]

/** A table that is the answer of one query: a row for each series, a column for labels and for the value. */
class QueryReading implements Reading {
  readonly name: string
  readonly tables: readonly LiveTable[]
  readonly interval: number
  readonly staleAfter?: number
  readonly #client: PrometheusClient
  readonly #query: string
  readonly #columns: readonly ((series: Series) => string | number | undefined)[]

  constructor(
    client: PrometheusClient,
    table: string,
    { query, columns, description, lazy }: QueryTable,
    interval: number,
    staleAfter: number | undefined,
    span: Span | undefined,
  ) {
    this.#client = client
    this.#query = query
    this.name = table
    this.interval = interval
    if (staleAfter !== undefined) this.staleAfter = staleAfter
    this.#columns = columns.map(({ label, match }) =>
      label === undefined ? series => series.points.at(-1)?.[1] : labelReader(label, match, span),
    )
    this.tables = [
      {
        table,
        description,
        columns: columns.map(({ name, label, unit, description: text }) => ({
          name,
          type: label === undefined ? 'number' : 'string',
          ...(unit === undefined ? {} : { unit }),
          description: text ?? (label === undefined ? 'The value' : `Label \`${label}\``),
        })),
        lazy,
        interval,
      },
    ]
  }

  async read({ signal }: ReadRequest): Promise<ReadAnswer> {
    const [table] = this.tables
    const rows: Row[] = []
    for (const series of await this.#client.now(this.#query, signal)) {
      const row = this.#columns.map(read => read(series))
      if (row.every(value => value !== undefined)) rows.push(row as Row)
    }
    return { items: [{ id: '', rows: rows.map(row => ({ table: table!.table, row })) }], complete: true }
  }
}

/** Reads a name off a label; undefined where the label is missing or does not match. */
function labelReader(
  label: string,
  match: string | undefined,
  span: Span | undefined,
): (series: Series) => string | undefined {
  if (match === undefined) return ({ labels }) => labels[label]
  let pattern: RegExp
  try {
    pattern = new RegExp(match)
  } catch {
    fail('source/bad-config', `\`${match}\` is no regular expression`, {
      help: 'write for example `^([^:]+)`, whose first group is the name',
      ...(span ? { span } : {}),
    })
  }
  return ({ labels }) => {
    const found = pattern.exec(labels[label] ?? '')
    return found ? (found[1] ?? found[0]) : undefined
  }
}
