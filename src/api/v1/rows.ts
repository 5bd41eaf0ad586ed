import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { derivationText, type Page, type PageRequest, type Service, type TracedRow } from '../../control/index.ts'
import { found } from '../faults.ts'
import { allOf } from '../paging.ts'
import { flag, pageQuery, row } from '../schemas.ts'

export const rowsQuery = { trace: flag, ...pageQuery }
export const rowsAnswer = z.strictObject({
  results: z.array(z.strictObject({ data: row })),
  trace: z.string().optional(),
  next: z.string().optional().describe('only where `limit` was given'),
})

/** Rows that are explained where all are asked for; each costs a search, and nobody reads more. */
const MOST_EXPLAINED = 1000

interface RowsWish {
  readonly trace?: boolean | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

/** Rows as Congress answers them: all in one answer, streamed; one page where `limit` is given. */
export async function sendRows(
  service: Service,
  table: string,
  { trace = false, limit, cursor }: RowsWish,
  reply: FastifyReply,
): Promise<never> {
  let explained = 0
  const read = async (page: PageRequest): Promise<Page<TracedRow>> => {
    const explain = trace && explained < MOST_EXPLAINED
    const rows = found(await service.tables.rows(table, { ...page, ...(explain ? { trace } : {}) }), 'table', table)
    explained += rows.items.length
    return rows
  }
  reply.type('application/json; charset=utf-8')
  if (limit === undefined) {
    const pages = allOf(read)
    // The first page is read before anything is sent: a table that is not there must be a refusal.
    const first = (await pages.next()).value ?? []
    await reply.send(Readable.from(answer(first, pages, trace)))
  } else {
    const page = await read({ limit, ...(cursor === undefined ? {} : { cursor }) })
    await reply.send({
      results: page.items.map(item => ({ data: item.row })),
      ...(trace ? { trace: traceOf(page.items) } : {}),
      ...(page.next === undefined ? {} : { next: page.next }),
    })
  }
  return undefined as never
}

async function* answer(
  first: readonly TracedRow[],
  rest: AsyncIterable<readonly TracedRow[]>,
  trace: boolean,
): AsyncGenerator<string> {
  const traces: string[] = []
  let begun = false
  const written = (items: readonly TracedRow[]): string => {
    if (trace) traces.push(traceOf(items))
    const text = items.map(item => JSON.stringify({ data: item.row })).join(',')
    const separator = begun && text !== '' ? ',' : ''
    begun ||= text !== ''
    return separator + text
  }
  yield `{"results":[${written(first)}`
  for await (const items of rest) yield written(items)
  yield trace ? `],"trace":${JSON.stringify(traces.join(''))}}` : ']}'
}

function traceOf(items: readonly TracedRow[]): string {
  return items.map(item => (item.derivation ? `${derivationText(item.derivation)}\n` : '')).join('')
}
