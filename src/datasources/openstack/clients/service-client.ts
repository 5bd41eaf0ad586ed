import { z } from 'zod'
import { fail } from '../../../diagnostic/index.ts'
import { checkAnswer, type HttpCall } from '../../http/index.ts'
import type { Session } from '../keystone/session.ts'
import { compareVersions, lowest } from './microversion.ts'
import type { ServiceApi } from './services.ts'

export interface ServiceCall<T> {
  readonly method?: HttpCall['method']
  /** Below the service's address, with its query: `/servers/detail?all_tenants=1`. */
  readonly path: string
  readonly body?: unknown
  /** What the answer must be. */
  readonly answer: z.ZodType<T>
  /** At most this microversion, where a later one dropped what is needed. */
  readonly microversion?: string
  readonly repeatable?: boolean
  readonly tries?: number
  readonly signal?: AbortSignal
}

export interface ListCall<T> {
  /** May hold a query. */
  readonly path: string
  /** The field of an answer that holds its part of the list; undefined: the answer is the list. */
  readonly key?: string
  readonly item: z.ZodType<T>
  readonly microversion?: string
  /** Items of one page; undefined: as the service likes. */
  readonly pageSize?: number
  /** How this list is paged, where otherwise than the service's other lists. */
  readonly paging?: ServiceApi['paging']
  readonly signal?: AbortSignal
}

const versionsAnswer = z.union([
  z.object({ version: z.object({ version: z.string(), min_version: z.string() }) }),
  z.object({
    versions: z
      .array(
        z.object({
          id: z.string(),
          version: z.string().optional(),
          max_version: z.string().optional(),
          min_version: z.string().default(''),
        }),
      )
      .min(1),
  }),
])

/** Pages of one list at most: a service that always names a next page would keep us for ever. */
const MOST_PAGES = 100_000

/** One service of a cloud: calls with its address, token and microversion, answers checked. Failures are `DiagnosticError`s. */
export class ServiceClient {
  readonly session: Session
  readonly api: ServiceApi
  #version: Promise<string> | undefined

  constructor(session: Session, api: ServiceApi) {
    this.session = session
    this.api = api
  }

  async call<T>(call: ServiceCall<T>): Promise<T> {
    const { method = 'GET', path, answer, microversion, ...more } = call
    const url = await this.#address(path)
    const { body } = await this.session.send({
      method,
      url,
      what: this.api.title,
      headers: await this.#versionHeaders(microversion),
      ...more,
    })
    return checkAnswer(answer, body, this.api.title, url)
  }

  /** Every item of a list, page by page. */
  async *list<T>(call: ListCall<T>): AsyncGenerator<T> {
    const { item, key, pageSize, paging = this.api.paging, ...more } = call
    let path: string | undefined = withQuery(call.path, { limit: paging === 'none' ? undefined : pageSize })
    const seen = new Set<string>()
    let before = ''
    for (let page = 0; path !== undefined; page++) {
      const items = z.array(item)
      const answer: unknown = await this.call({ ...more, path, answer: z.unknown() })
      const part = key === undefined ? answer : (answer as Readonly<Record<string, unknown>> | null)?.[key]
      const found = checkAnswer(items, part, this.api.title, await this.#address(path))
      if (found.length === 0) return
      // A service that does not page gives everything again.
      const first = paging === 'offset' || paging === 'marker' ? JSON.stringify(found[0]) : ''
      if (first !== '' && first === before) return
      before = first
      yield* found
      path = nextPage(paging, path, answer, key, found)
      if (path !== undefined && (seen.has(path) || page > MOST_PAGES)) {
        fail(
          'source/unexpected-answer',
          `${this.api.title} goes round in circles: it names a page of \`${call.path.split('?')[0]}\` again`,
          {
            help: 'look into the log of the service',
          },
        )
      }
      if (path !== undefined) seen.add(path)
    }
  }

  /** The highest microversion that both sides know; undefined for a service without. */
  async microversion(atMost?: string): Promise<string | undefined> {
    const ours = this.api.microversion
    if (!ours) return undefined
    this.#version ??= this.#negotiate(ours).catch(error => {
      this.#version = undefined
      throw error
    })
    const agreed = await this.#version
    return atMost === undefined ? agreed : lowest(agreed, atMost)
  }

  async #versionHeaders(atMost: string | undefined): Promise<Record<string, string>> {
    const version = await this.microversion(atMost)
    return version === undefined ? {} : { 'openstack-api-version': `${this.api.microversion!.type} ${version}` }
  }

  async #negotiate(ours: NonNullable<ServiceApi['microversion']>): Promise<string> {
    const { title, types } = this.api
    // A catalogue's address may end in the project; versions are told of above it.
    const endpoint = await this.session.endpoint(this.api)
    const url = `${endpoint.replace(/(\/v\d+(?:\.\d+)?)\/.*$/, '$1')}/`
    const answer = await this.session.send({ method: 'GET', url, what: title })
    const parsed = checkAnswer(versionsAnswer, answer.body, title, url)
    const { newest, oldest } = range(parsed)
    const asked = types.map(type => this.session.access.microversions[type]).find(version => version !== undefined)
    const version = lowest(ours.highest, newest, ...(asked === undefined ? [] : [asked]))
    if (newest === '' || compareVersions(version, ours.lowest) < 0 || compareVersions(version, oldest || '0') < 0) {
      fail(
        'source/microversion',
        asked !== undefined && compareVersions(asked, newest) <= 0 && newest !== ''
          ? `the microversion ${asked} that the configuration gives ${title} does not do: ${ours.lowest} or later is needed`
          : `${title} at \`${url}\` is too old: it speaks microversions up to ${newest || '(none)'}, ${ours.lowest} is needed`,
        {
          help: asked === undefined ? `use a later release of ${title}` : 'correct `microversions` of the data source',
        },
      )
    }
    return version
  }

  async #address(path: string): Promise<string> {
    const { prefix = '' } = this.api
    const endpoint = await this.session.endpoint(this.api)
    return `${endpoint.endsWith(prefix) ? endpoint : endpoint + prefix}${path}`
  }
}

/** What a version document says, whichever of its forms it has. */
function range(answer: z.infer<typeof versionsAnswer>): { newest: string; oldest: string } {
  if ('version' in answer) return { newest: answer.version.version, oldest: answer.version.min_version }
  const [first, ...others] = answer.versions.map(v => ({
    newest: v.max_version ?? v.version ?? '',
    oldest: v.min_version,
  }))
  return others.reduce((best, next) => (compareVersions(next.newest, best.newest) > 0 ? next : best), first!)
}

/** The path with these parameters set in its query. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const [before = '', query = ''] = path.split('?')
  const search = new URLSearchParams(query)
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? before : `${before}?${search}`
}

function replaceQuery(path: string, href: string): string {
  const query = href.includes('?') ? href.slice(href.indexOf('?')) : ''
  return path.split('?')[0] + query
}

/** The path of the page after an answer, or undefined: it was the last. Hosts in links may be wrong behind proxies; only queries are used. */
function nextPage(
  paging: ServiceApi['paging'],
  path: string,
  answer: unknown,
  key: string | undefined,
  found: readonly unknown[],
): string | undefined {
  const fields = (answer ?? {}) as Readonly<Record<string, unknown>>
  if (paging === 'links') {
    const links = fields[`${key}_links`]
    if (!Array.isArray(links)) return undefined
    const next = (links as { rel?: unknown; href?: unknown }[]).find(link => link.rel === 'next')
    return typeof next?.href === 'string' ? replaceQuery(path, next.href) : undefined
  }
  if (paging === 'next') {
    const { next } = fields
    return typeof next === 'string' ? replaceQuery(path, next) : undefined
  }
  if (paging === 'marker') {
    // The service may give fewer than asked for: only an empty page is the end.
    const last = found.at(-1) as { readonly id?: unknown }
    return typeof last.id === 'string' ? withQuery(path, { marker: last.id }) : undefined
  }
  if (paging === 'offset') {
    const offset = Number(new URLSearchParams(path.split('?')[1]).get('offset') ?? 0)
    return withQuery(path, { offset: offset + found.length })
  }
  return undefined
}
