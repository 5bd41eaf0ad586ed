import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { openSources } from '../open-sources.ts'

/** A server that answers queries as Prometheus does; the queries it got. */
async function serve(answer: (path: string, query: URLSearchParams) => { status?: number; body: unknown }) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const { status = 200, body } = answer(`${request.headers.authorization ?? ''}${pathname}`, searchParams)
    response.writeHead(status).end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function open(settings: Readonly<Record<string, unknown>>) {
  const [source] = await openSources([{ name: 'ceilometer', driver: 'prometheus', ...settings }], {
    environment: {},
    base: '.',
  })
  onTestFinished(() => source!.stop())
  source!.want(new Set(source!.tables.map(({ table }) => table)))
  await source!.start()
  return source!
}

const CPU = 'cpu'
const POWER = 'power'

it('gives meters as Ceilometer does, and answers of queries as tables', async () => {
  const url = await serve((path, query) => {
    const series = (metric: object, more: object) => ({ metric, ...more })
    if (path === 'Bearer key-to-it/api/v1/query_range' && query.get('query') === CPU) {
      const [start, end] = [Number(query.get('start')), Number(query.get('end'))]
      expect(end - start).toBe(600)
      const values = [
        [start, '10'],
        [start + 60, 'NaN'],
        [end, '20'],
      ]
      const result = [series({ instance: 'cmp01:9100' }, { values }), series({ instance: 'other' }, { values })]
      return { body: { status: 'success', data: { resultType: 'matrix', result } } }
    }
    expect(path).toBe('Bearer key-to-it/api/v1/query')
    const result = [
      series({ host: 'cmp01', rack: 'a' }, { value: [1, '230.5'] }),
      series({ host: 'cmp02' }, { value: [1, '1'] }),
    ]
    return { body: { status: 'success', data: { resultType: 'vector', result } } }
  })
  const source = await open({
    url,
    token: 'key-to-it',
    meters: [{ meter: 'cpu-util', unit: '%', query: CPU, resource: 'instance', match: '^([^:]+):' }],
    tables: {
      power: {
        query: POWER,
        columns: [
          { name: 'host', label: 'host' },
          { name: 'rack', label: 'rack' },
          { name: 'watts', unit: 'W' },
        ],
      },
    },
  })
  expect(source.status().faults).toEqual([])
  const tables = await source.read()
  expect(tables.get('ceilometer:average_utilization')!.rows).toEqual([['cmp01', 'cpu-util', 15]])
  expect(tables.get('ceilometer:statistics')!.rows[0]!.slice(0, 5)).toEqual(['cpu-util', 'cmp01', 15, 2, 600])
  // A series without one of the labels makes no row.
  expect(tables.get('ceilometer:power')!.rows).toEqual([['cmp01', 'a', 230.5]])
  expect(source.tables.find(({ table }) => table === 'ceilometer:power')!.columns[2]).toMatchObject({
    name: 'watts',
    type: 'number',
    unit: 'W',
  })
})

it('says what Prometheus has against a query, and what is not Prometheus', async () => {
  const refusing = await serve(() => ({
    status: 400,
    body: { status: 'error', errorType: 'bad_data', error: 'parse error: unexpected end of input' },
  }))
  const meters = [{ meter: 'cpu-util', query: 'avg(', resource: 'instance' }]
  const [fault] = (await open({ url: refusing, meters })).status().faults
  expect(fault!.message).toMatch(/^Prometheus refused `GET .*` with status 400: parse error: unexpected end of input$/)
  const other = await serve(() => ({ body: { hello: 'world' } }))
  const [stranger] = (await open({ url: other, meters })).status().faults
  expect(stranger!.message).toMatch(/^what answers at `.*` is not Prometheus$/)
})
