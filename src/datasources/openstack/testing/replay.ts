import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../../../fixtures/openstack')

interface Recording {
  readonly request: {
    readonly method: string
    readonly path: string
    readonly query?: string
    readonly microversion?: string
  }
  readonly response: { readonly status: number; readonly body: unknown }
}

export interface ReplayedAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, a text as it is. */
  readonly body?: unknown
}

export interface ReplayedRequest {
  readonly method: string
  /** `/compute/v2.1/servers/detail`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly microversion: string | undefined
  readonly token: string | undefined
  readonly body: string
}

type Answering = (request: ReplayedRequest) => ReplayedAnswer | undefined | Promise<ReplayedAnswer | undefined>

const SERVICES = ['identity', 'compute', 'placement', 'image', 'network', 'metric'] as const

/** A server that answers as the recorded cloud did, unless a test says otherwise. */
export interface Replay {
  /** Keystone's address. */
  readonly authUrl: string
  /** Where all services are. */
  readonly url: string
  readonly requests: readonly ReplayedRequest[]
  /** The password that Keystone takes, and how long its tokens last, in seconds. */
  password: string
  tokenLasts: number
  /** Tokens issued until now are refused from here on. */
  revoke(): void
  /** Answer a path otherwise; undefined leaves it to what was recorded. */
  answer(path: string, answering: Answering): void
  /** Services that the catalogue does not have. */
  readonly missing: Set<string>
  close(): Promise<void>
}

export const PASSWORD = 'never-to-be-seen'

export async function startReplay({ tls = false } = {}): Promise<Replay> {
  const recordings = new Map(SERVICES.map(service => [service as string, read(service)]))
  const answerings = new Map<string, Answering>()
  const requests: ReplayedRequest[] = []
  const missing = new Set<string>()
  const tokens = new Set<string>()
  let issued = 0
  const replay = { password: PASSWORD, tokenLasts: 3600 }
  const handle = async (request: ReplayedRequest): Promise<ReplayedAnswer> => {
    const own = await answerings.get(request.path)?.(request)
    if (own) return own
    const [, service = '', ...rest] = request.path.split('/')
    const path = `/${rest.join('/')}`
    const recorded = recordings.get(service) ?? []
    if (service === 'identity' && path === '/v3/auth/tokens') return logIn(request, recorded[0]!)
    if (!tokens.has(request.token ?? '')) return { status: 401, body: refusal }
    const here = recorded.filter(({ request: r }) => r.method === request.method && r.path === path)
    const found =
      here.find(({ request: r }) => r.query === `${request.query}`) ??
      here.find(({ request: r }) => r.microversion === request.microversion && r.query === undefined) ??
      here.find(({ response }) => response.status < 300)
    return found?.response ?? { status: 404, body: { itemNotFound: { code: 404, message: `nothing at ${path}` } } }
  }
  const logIn = (request: ReplayedRequest, { response }: Recording): ReplayedAnswer => {
    if (!request.body.includes(`"${replay.password}"`)) return { status: 401, body: refusal }
    const token = `token-${++issued}-${'x'.repeat(20)}`
    tokens.add(token)
    const body = structuredClone(response.body) as { token: { expires_at: string; catalog: unknown[] } }
    body.token.expires_at = new Date(Date.now() + replay.tokenLasts * 1000).toISOString()
    body.token.catalog = SERVICES.filter(service => !missing.has(service)).map(service => ({
      type: service,
      endpoints: [{ interface: 'public', region_id: 'RegionOne', url: `${url}/${service}${ROOTS[service] ?? ''}` }],
    }))
    return { status: 201, headers: { 'x-subject-token': token }, body }
  }
  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    incoming.on('data', chunk => chunks.push(chunk as Buffer))
    incoming.on('end', async () => {
      const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://localhost')
      const request: ReplayedRequest = {
        method: incoming.method ?? '',
        path: pathname,
        query: searchParams,
        microversion: String(incoming.headers['openstack-api-version'] ?? '').split(' ')[1],
        token: incoming.headers['x-auth-token']?.toString(),
        body: Buffer.concat(chunks).toString(),
      }
      requests.push(request)
      const { status = 200, headers = {}, body } = await handle(request)
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
    })
  }
  const server = tls
    ? createTlsServer({ key: pem('localhost-key.pem'), cert: pem('localhost-cert.pem') }, listener)
    : createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  return Object.assign(replay, {
    authUrl: `${url}/identity/v3`,
    url,
    requests,
    missing,
    revoke: () => tokens.clear(),
    answer: (path: string, answering: Answering) => void answerings.set(path, answering),
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  })
}

/** What catalogues put behind a service's address. */
const ROOTS: Readonly<Partial<Record<string, string>>> = { identity: '/v3', compute: '/v2.1' }

const refusal = {
  error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
}

function read(service: string): Recording[] {
  const lines = readFileSync(join(folder, `${service}.jsonl`), 'utf8')
    .trim()
    .split('\n')
  return lines.map(line => JSON.parse(line) as Recording)
}

function pem(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

/** What was recorded of a list. */
export function recordedItems(service: string, path: string, key: string): Readonly<Record<string, unknown>>[] {
  const found = read(service).find(({ request, response }) => request.path === path && response.status === 200)
  return (found!.response.body as Record<string, Record<string, unknown>[]>)[key]!
}
