import { Readable } from 'node:stream'
import { z } from 'zod'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found } from '../faults.ts'
import { pageOfList } from '../paging.ts'
import { given, moment, pageOf, pageQuery } from '../schemas.ts'
import { operators, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'
import { violation } from './views.ts'

const tag = 'snapshots'

export function snapshotEndpoints({ service: { snapshots } }: V2Parts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      url: '/v2/snapshots',
      summary: 'List recorded snapshots',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(z.strictObject({ id: z.string(), createdAt: moment, rows: z.number() })),
      handle: ({ query }) => snapshots.list(given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/snapshots',
      summary: 'Record all tables as they are now',
      tag,
      allow: operators,
      status: 201,
      answer: z.strictObject({ id: z.string() }),
      async handle({ actor, reply }) {
        const { id } = await snapshots.record(actor)
        reply.header('location', `/v2/snapshots/${encodeURIComponent(id)}`)
        return { id }
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/snapshots/:snapshot',
      summary: 'Read a snapshot',
      description: 'One JSON line for each row, streamed.',
      tag,
      allow: viewers,
      params: { snapshot: idText },
      streams: 'application/x-ndjson',
      answer: z.string().describe('lines of JSON'),
      async handle({ params, reply }) {
        const lines = found(await snapshots.read(params.snapshot), 'snapshot', params.snapshot)
        await reply.type('application/x-ndjson').send(Readable.from(withBreaks(lines), { objectMode: true }))
        return ''
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/snapshots/:snapshot/violations',
      summary: 'List the violations of the active policies in a snapshot',
      tag,
      allow: viewers,
      costly: true,
      params: { snapshot: idText },
      query: pageQuery,
      answer: pageOf(violation),
      handle: async ({ params, query }) => pageOfList(await snapshots.replay(params.snapshot), given(query)),
    }),
    endpoint({
      method: 'DELETE',
      url: '/v2/snapshots/:snapshot',
      summary: 'Remove a snapshot',
      tag,
      allow: operators,
      params: { snapshot: idText },
      handle: ({ params, actor }) => snapshots.remove(params.snapshot, actor),
    }),
  ]
}

async function* withBreaks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield line.endsWith('\n') ? line : `${line}\n`
}
