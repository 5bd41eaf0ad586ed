import { z } from 'zod'
import type { Service, SourceView } from '../../control/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found, notFound, refuse } from '../faults.ts'
import { pushedRows } from '../schemas.ts'
import { authors, operators, viewers } from '../security/roles.ts'
import { carryOut, executeBody } from './execute.ts'
import { refuseAction } from './policies.ts'
import { rowsAnswer, rowsQuery, sendRows } from './rows.ts'

const tag = 'congress'
const dataSource = z.strictObject({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  description: z.string(),
  type: z.null(),
  enabled: z.boolean(),
  owner: z.string(),
  config: z.record(z.string(), z.string()),
})
const column = z.strictObject({ name: z.string(), description: z.string() })
const tableSchema = z.strictObject({ table_id: z.string(), columns: z.array(column) })
const tableAnswer = z.strictObject({ id: z.string() })
const action = z.strictObject({ name: z.string(), args: z.array(column), description: z.string() })
const driver = z.strictObject({ id: z.string(), description: z.string() })

export function dataSourceEndpoints(service: Service): readonly Endpoint[] {
  const { tables } = service
  const ofSource = { tag, params: { source: idText }, allow: viewers }
  const ofTable = { tag, params: { source: idText, table: idText }, allow: viewers }
  return [
    endpoint({
      method: 'GET',
      url: '/v1/data-sources',
      summary: 'List data sources',
      tag,
      allow: viewers,
      answer: z.strictObject({ results: z.array(dataSource) }),
      handle: async () => ({ results: (await tables.sources()).map(shown) }),
    }),
    ...(['POST', 'DELETE'] as const).map(method =>
      endpoint({
        method,
        url: method === 'POST' ? '/v1/data-sources' : '/v1/data-sources/:source',
        summary: method === 'POST' ? 'Make a data source: not supported' : 'Remove a data source: not supported',
        description: 'Data sources are configured in a file, with their secrets.',
        tag,
        allow: authors,
        handle: () =>
          refuse(501, 'api/not-supported', 'data sources are made and removed in the configuration of the service'),
      }),
    ),
    endpoint({
      ...ofSource,
      method: 'GET',
      url: '/v1/data-sources/:source',
      summary: 'Read a data source',
      answer: dataSource,
      handle: async ({ params }) => shown(await named(params.source)),
    }),
    endpoint({
      ...ofSource,
      method: 'POST',
      url: '/v1/data-sources/:source',
      summary: 'Read it again, or carry out an action',
      description: '`?action=request-refresh` or `?action=execute`.',
      allow: operators,
      query: { action: z.string().max(64).optional() },
      body: z.looseObject({}).nullish(),
      answer: z.union([z.strictObject({}), z.null()]),
      async handle({ params, query, body, actor }) {
        const { name } = await named(params.source)
        if (query.action === 'request-refresh') {
          await tables.refresh(name, actor)
          return null
        }
        if (query.action !== 'execute') return refuseAction(query.action)
        const wish = executeBody.safeParse(body)
        if (!wish.success)
          refuse(400, 'api/bad-request', 'the action needs `name` and `args: { positional, named }`', { field: 'body' })
        await carryOut(service, name, wish.data.name, wish.data.args, actor)
        return {}
      },
    }),
    endpoint({
      ...ofSource,
      method: 'GET',
      url: '/v1/data-sources/:source/status',
      summary: 'Read the status of a data source',
      answer: z.record(z.string(), z.string()),
      async handle({ params }) {
        const { status } = await named(params.source)
        return {
          last_updated: status.lastRead ?? 'None',
          last_error: status.faults[0]?.message ?? 'None',
          initialized: status.state === 'starting' ? 'False' : 'True',
          state: status.state,
        }
      },
    }),
    endpoint({
      ...ofSource,
      method: 'GET',
      url: '/v1/data-sources/:source/actions',
      summary: 'List the actions of a data source',
      answer: z.strictObject({ results: z.array(action) }),
      async handle({ params }) {
        const source = await named(params.source)
        return {
          results: source.actions.map(one => ({
            name: shortName(source, one.name),
            args: one.inputs.map(input => ({ name: input.name, description: input.description })),
            description: one.description,
          })),
        }
      },
    }),
    endpoint({
      ...ofSource,
      method: 'GET',
      url: '/v1/data-sources/:source/schema',
      summary: 'Read the columns of all tables of a data source',
      answer: z.strictObject({ tables: z.array(tableSchema) }),
      async handle({ params }) {
        const source = await named(params.source)
        return { tables: source.tables.map(table => schemaOf(source, table)) }
      },
    }),
    endpoint({
      ...ofSource,
      method: 'GET',
      url: '/v1/data-sources/:source/tables',
      summary: 'List the tables of a data source',
      answer: z.strictObject({ results: z.array(tableAnswer) }),
      async handle({ params }) {
        const source = await named(params.source)
        return { results: source.tables.map(({ table }) => ({ id: shortName(source, table) })) }
      },
    }),
    endpoint({
      ...ofTable,
      method: 'GET',
      url: '/v1/data-sources/:source/tables/:table',
      summary: 'Read a table of a data source',
      answer: tableAnswer,
      async handle({ params }) {
        await tableNamed(params.source, params.table)
        return { id: params.table }
      },
    }),
    endpoint({
      ...ofTable,
      method: 'GET',
      url: '/v1/data-sources/:source/tables/:table/spec',
      summary: 'Read the columns of a table',
      answer: tableSchema,
      async handle({ params }) {
        const { source, table } = await tableNamed(params.source, params.table)
        return schemaOf(source, table)
      },
    }),
    endpoint({
      ...ofTable,
      method: 'GET',
      url: '/v1/data-sources/:source/tables/:table/rows',
      summary: 'Read the rows of a table of a data source',
      query: rowsQuery,
      streams: 'application/json',
      answer: rowsAnswer,
      async handle({ params, query, reply }) {
        const { table } = await tableNamed(params.source, params.table)
        return sendRows(service, table.table, query, reply)
      },
    }),
    endpoint({
      ...ofTable,
      method: 'PUT',
      url: '/v1/data-sources/:source/tables/:table/rows',
      summary: 'Replace the rows of a table that is pushed',
      allow: { ...operators, push: 'source' },
      body: pushedRows,
      largeBody: true,
      status: 200,
      handle: ({ params, body, actor }) => tables.push(params.source, params.table, body, actor),
    }),
    endpoint({
      ...ofSource,
      method: 'POST',
      url: '/v1/data-sources/:source/webhook',
      summary: 'Tell that something changed: the data source is read again',
      allow: { ...operators, push: 'source' },
      body: z.unknown(),
      status: 201,
      answer: z.strictObject({ id: z.null() }),
      async handle({ params, actor }) {
        await tables.refresh((await named(params.source)).name, actor)
        return { id: null }
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v1/system/drivers',
      summary: 'List the drivers of data sources that are in use',
      tag,
      allow: viewers,
      answer: z.strictObject({ results: z.array(driver) }),
      async handle() {
        const used = new Map((await tables.sources()).map(one => [one.driver, one.description]))
        return { results: [...used].map(([id, description]) => ({ id, description })) }
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v1/system/drivers/:driver',
      summary: 'Read a driver',
      tag,
      allow: viewers,
      params: { driver: idText },
      answer: z.strictObject({ ...driver.shape, tables: z.array(tableSchema) }),
      async handle({ params }) {
        const source = found(
          (await tables.sources()).find(one => one.driver === params.driver),
          'driver',
          params.driver,
        )
        return {
          id: source.driver,
          description: source.description,
          tables: source.tables.map(table => schemaOf(source, table)),
        }
      },
    }),
  ]

  async function named(id: string): Promise<SourceView> {
    return found(await tables.source(id), 'data source', id)
  }

  async function tableNamed(sourceId: string, name: string) {
    const source = await named(sourceId)
    const table = source.tables.find(one => shortName(source, one.table) === name)
    return table ? { source, table } : notFound('table', name)
  }
}

function shown({ id, name, driver: from, description }: SourceView): z.output<typeof dataSource> {
  return { id, name, driver: from, description, type: null, enabled: true, owner: 'system', config: {} }
}

/** The name of a table or an action without that of its source. */
function shortName({ name }: SourceView, full: string): string {
  return full.startsWith(`${name}:`) ? full.slice(name.length + 1) : full
}

function schemaOf(source: SourceView, { table, columns }: SourceView['tables'][number]) {
  return {
    table_id: shortName(source, table),
    columns: columns.map(one => ({ name: one.name, description: one.description ?? 'None' })),
  }
}
