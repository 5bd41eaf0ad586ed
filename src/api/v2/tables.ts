import { z } from 'zod'
import { derivationJson, type SourceView } from '../../control/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found } from '../faults.ts'
import { pageOfList } from '../paging.ts'
import { derivation, diagnostic, flag, given, moment, pageOf, pageQuery, pushedRows, row } from '../schemas.ts'
import { operators, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'

const tag = 'tables'

const freshness = z.strictObject({
  table: z.string(),
  state: z.enum(['unread', 'fresh', 'stale']),
  rightAt: moment.optional().describe('when its contents last were the source’s own'),
  because: diagnostic.optional().describe('why it is stale'),
})
const column = z.strictObject({
  name: z.string(),
  type: z.enum(['string', 'number', 'boolean', 'any']).optional(),
  unit: z.string().optional(),
  description: z.string().optional(),
})
const liveTable = z.strictObject({
  table: z.string().describe('full name'),
  columns: z.array(column),
  description: z.string(),
  lazy: z.boolean().describe('read only while some policy reads it'),
  interval: z.number().optional().describe('seconds between two full readings'),
})
const source = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    driver: z.string(),
    description: z.string(),
    status: z.strictObject({
      state: z.enum(['starting', 'running', 'failing', 'stopped']),
      faults: z.array(diagnostic),
      tables: z.array(freshness),
      lastRead: moment.optional(),
    }),
    tables: z.array(liveTable),
    actions: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        inputs: z.array(z.strictObject({ name: z.string(), description: z.string(), required: z.boolean() })),
      }),
    ),
  })
  .meta({ id: 'Source' })

export function tableEndpoints({ service: { tables } }: V2Parts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      url: '/v2/sources',
      summary: 'List data sources, with their tables and how fresh these are',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(source),
      handle: async ({ query }) => pageOfList((await tables.sources()).map(shown), given(query)),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/sources/:source',
      summary: 'Read a data source',
      tag,
      allow: viewers,
      params: { source: idText },
      answer: source,
      handle: async ({ params }) => shown(await sourceNamed(params.source)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/sources/:source/refresh',
      summary: 'Read a data source again now',
      tag,
      allow: operators,
      params: { source: idText },
      handle: async ({ params, actor }) => tables.refresh((await sourceNamed(params.source)).name, actor),
    }),
    endpoint({
      method: 'PUT',
      url: '/v2/sources/:source/tables/:table/rows',
      summary: 'Replace the rows of a table that is pushed from outside',
      tag,
      allow: { ...operators, push: 'source' },
      params: { source: idText, table: idText },
      body: z.strictObject({ rows: pushedRows }),
      largeBody: true,
      handle: ({ params, body, actor }) => tables.push(params.source, params.table, body.rows, actor),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/sources/:source/actions/:action',
      summary: 'Carry out an action of a data source',
      description: 'Through the workflow engine: the answer names the execution, which goes on by itself.',
      tag,
      allow: operators,
      params: { source: idText, action: idText },
      body: z.strictObject({ input: z.record(z.string(), z.unknown()) }),
      status: 202,
      answer: z.strictObject({ execution: z.string() }),
      handle: async ({ params, body, actor }) => ({
        execution: await tables.execute(params.source, params.action, body.input, actor),
      }),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/tables/:table/rows',
      summary: 'Read the rows of a table',
      description: 'By full name, of data sources and policies alike: `nova:servers`.',
      tag,
      allow: viewers,
      params: { table: idText },
      query: { trace: flag.describe('say why each row holds'), ...pageQuery },
      answer: pageOf(z.strictObject({ row, derivation: derivation.optional() })),
      async handle({ params, query }) {
        const page = found(await tables.rows(params.table, given(query)), 'table', params.table)
        return {
          ...page,
          items: page.items.map(item => ({
            row: item.row,
            ...(item.derivation ? { derivation: derivationJson(item.derivation) as z.output<typeof derivation> } : {}),
          })),
        }
      },
    }),
    endpoint({
      method: 'POST',
      url: '/v2/simulate',
      summary: 'Ask what a query would give after a sequence of changes',
      tag,
      allow: viewers,
      costly: true,
      body: z.strictObject({
        policy: idText,
        query: z.string().min(1).max(10_000),
        sequence: z.string().max(1_000_000),
        actionPolicy: idText.optional().describe('the policy that describes actions'),
        delta: z.boolean().optional().describe('the difference that the changes make'),
        trace: z.boolean().optional(),
      }),
      answer: z.strictObject({ result: z.array(z.string()), trace: z.string().optional() }),
      handle: ({ body }) => tables.simulate(given(body)),
    }),
  ]

  async function sourceNamed(id: string): Promise<SourceView> {
    return found(await tables.source(id), 'data source', id)
  }
}

/** Sources carry more than is shown (functions, for example): only what is documented leaves. */
function shown({ id, name, driver, description, status, tables, actions }: SourceView): SourceView {
  return {
    id,
    name,
    driver,
    description,
    status,
    tables: tables.map(({ table, columns, description: about, lazy, interval }) => ({
      table,
      columns,
      description: about,
      lazy,
      ...(interval === undefined ? {} : { interval }),
    })),
    actions,
  }
}
