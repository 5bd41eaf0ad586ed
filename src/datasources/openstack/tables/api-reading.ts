import { z } from 'zod'
import { type Diagnostic, fail } from '../../../diagnostic/index.ts'
import { orAbsent } from '../../http/index.ts'
import type { LiveTable, ReadAnswer, ReadItem, Reading, ReadRequest } from '../../live/index.ts'
import { asUtc, type ServiceClient, withQuery } from '../clients/index.ts'
import type { Item, ReadingDescription } from './description.ts'
import { walk } from './paths.ts'
import { liveTable, RowMaker } from './row-maker.ts'

/** What a user may set for one table. */
export interface TableSettings {
  readonly interval?: number | undefined
  readonly lazy?: boolean | undefined
}

export interface ApiReadingOptions {
  /** The module of the tables. */
  readonly module: string
  readonly settings: Readonly<Record<string, TableSettings | undefined>>
  readonly pageSize: number
  readonly staleAfter?: number | undefined
  readonly now: () => number
}

const anyItem: z.ZodType<Item> = z.looseObject({})

/** Requests for details at one time. */
const AT_ONCE = 8
/** How far before the newest known change changes are asked for, in milliseconds: clocks of API servers differ. */
const OVERLAP = 60_000

/** A described reading of one service's API. */
export class ApiReading implements Reading {
  readonly name: string
  readonly tables: readonly LiveTable[]
  readonly interval: number
  readonly fullInterval?: number
  readonly staleAfter?: number
  readonly readOne?: (id: string, request: Omit<ReadRequest, 'changes'>) => Promise<ReadItem>
  readonly #client: ServiceClient
  readonly #description: ReadingDescription
  readonly #options: ApiReadingOptions
  readonly #makers: readonly RowMaker[]
  /** Ways to the fields that make an item's key together. */
  readonly #idWays: readonly (readonly string[])[]
  /** The newest change seen, as the service wrote it. */
  #newest = ''
  /** Answers for parents, by id, until the parent's generation changes. */
  #kept = new Map<string, { readonly generation: unknown; readonly body: unknown }>()

  constructor(client: ServiceClient, description: ReadingDescription, options: ApiReadingOptions) {
    const { module, settings } = options
    this.#client = client
    this.#description = description
    this.#options = options
    this.#idWays = description.id.split('+').map(way => way.split('.'))
    this.name = `${module}: ${description.name}`
    const intervals = description.tables.flatMap(({ table }) => settings[table]?.interval ?? [])
    this.interval = intervals.length > 0 ? Math.min(...intervals) : description.interval
    if (description.changes) this.fullInterval = description.changes.fullInterval
    if (options.staleAfter !== undefined) this.staleAfter = options.staleAfter
    this.tables = description.tables.map(table =>
      liveTable(module, table, {
        lazy: settings[table.table]?.lazy ?? table.eager !== true,
        interval: this.interval,
      }),
    )
    this.#makers = description.tables.map(table => new RowMaker(`${module}:${table.table}`, table))
    const { one } = description
    if (one) this.readOne = (id, request) => this.#readOne(one, id, request)
  }

  async read(request: ReadRequest): Promise<ReadAnswer> {
    const { of, gone, check } = this.#description
    const changes = request.changes && this.#newest !== ''
    const items = of ? await this.#details(of, request) : await this.#list(changes, request)
    const read = items.map((item): ReadItem => {
      const id = this.#idOf(item)
      return gone?.(item) ? { id } : { id, rows: this.#rows(item, request.tables) }
    })
    const here = gone ? items.filter(item => !gone(item)) : items
    const odd = this.#makers.flatMap(maker => maker.takeWarning(this.#client.api.title) ?? [])
    const warnings: Diagnostic[] = [...odd, ...(changes ? [] : (check?.(here, this.#options.module) ?? []))]
    return { items: read, complete: !changes, warnings }
  }

  async #list(changes: boolean, { signal }: ReadRequest): Promise<Item[]> {
    const { path, key, paging, microversion, changes: how } = this.#description
    const since = changes ? new Date(Date.parse(asUtc(this.#newest)) - OVERLAP).toISOString() : undefined
    const day = new Date(this.#options.now() - 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')
    const items: Item[] = []
    const list = this.#client.list({
      path: withQuery(
        path.replace('{day ago}', encodeURIComponent(day)),
        how && since ? { [how.parameter]: since } : {},
      ),
      item: anyItem,
      pageSize: this.#options.pageSize,
      signal,
      ...(key === undefined ? {} : { key }),
      ...(paging === undefined ? {} : { paging }),
      ...(microversion === undefined ? {} : { microversion }),
    })
    for await (const item of list) {
      items.push(item)
      const stamp = how ? walk(item, [how.stamp]) : undefined
      if (typeof stamp === 'string' && asUtc(stamp) > asUtc(this.#newest)) this.#newest = stamp
    }
    return items
  }

  /** One answer for each parent, a few at a time. A parent that is gone meanwhile is left out. */
  async #details(of: NonNullable<ReadingDescription['of']>, { signal }: ReadRequest): Promise<Item[]> {
    const parents: Item[] = []
    for await (const parent of this.#client.list({ path: of.path, key: of.key, item: anyItem, signal }))
      parents.push(parent)
    const kept = new Map<string, { readonly generation: unknown; readonly body: unknown }>()
    const items: Item[] = []
    let next = 0
    const work = async () => {
      while (next < parents.length) {
        const parent = parents[next++]!
        const id = String(walk(parent, [of.id]))
        const generation = of.generation === undefined ? undefined : walk(parent, [of.generation])
        const known = generation === undefined ? undefined : this.#kept.get(id)
        const body = known && known.generation === generation ? known.body : await this.#detail(parent, signal)
        if (body === undefined) continue
        kept.set(id, { generation, body })
        items.push({ parent, body })
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    this.#kept = kept
    return items
  }

  async #detail(parent: Item, signal: AbortSignal): Promise<unknown> {
    const path = this.#description.path.replace(/\{(\w+)\}/g, (_, field: string) =>
      encodeURIComponent(String(walk(parent, [field]))),
    )
    return orAbsent(this.#client.call({ path, answer: anyItem, signal }))
  }

  async #readOne(
    one: NonNullable<ReadingDescription['one']>,
    id: string,
    { tables, signal }: Omit<ReadRequest, 'changes'>,
  ): Promise<ReadItem> {
    const { microversion, gone } = this.#description
    const path = one.path.replace('{id}', encodeURIComponent(id))
    const answer = z.object({ [one.key]: anyItem })
    const more = microversion === undefined ? {} : { microversion }
    const body = await orAbsent(this.#client.call({ path, answer, signal, ...more }))
    const item = body?.[one.key]
    return item === undefined || gone?.(item) ? { id } : { id, rows: this.#rows(item, tables) }
  }

  #rows(item: Item, tables: ReadonlySet<string>) {
    return this.#makers.filter(maker => tables.has(maker.table)).flatMap(maker => maker.rows(item))
  }

  #idOf(item: Item): string {
    const fields = this.#idWays.map(way => walk(item, way))
    if (fields.every(field => typeof field === 'string' || typeof field === 'number')) return fields.join(' ')
    const { title } = this.#client.api
    fail(
      'source/unexpected-answer',
      `${title} gives something without \`${this.#description.id}\` among its ${this.#description.name}`,
      {
        help: 'check the release of the service',
      },
    )
  }
}
