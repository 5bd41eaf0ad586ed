import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { HttpClient, Secret } from '../../../http/index.ts'
import { ServiceClient, services } from '../../clients/index.ts'
import { Session } from '../../keystone/index.ts'

export interface Answer {
  readonly status: number
  readonly body?: unknown
}

/** An answer that a real Nova gave. */
export function recorded(name: string): Answer {
  const file = new URL(`../../../../../fixtures/openstack/actions/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(fileURLToPath(file), 'utf8')) as Answer
}

/** A compute API that answers what it is told to, by method and path without the query, and remembers what it was asked to change. */
export class FakeNova {
  readonly answers = new Map<string, Answer | (() => Answer | Promise<Answer>)>()
  readonly changes: { readonly what: string; readonly body: unknown }[] = []
  readonly #server: Server
  readonly #http = new HttpClient({ backOff: 1, timeout: 500 })

  constructor() {
    this.#server = createServer((request, response) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', async () => {
        const what = `${request.method} ${request.url!.split('?')[0]}`
        if (request.method !== 'GET' && !what.endsWith('/tokens'))
          this.changes.push({ what, body: text === '' ? undefined : JSON.parse(text) })
        const answer = this.#find(what, request.url!)
        const { status, body } = typeof answer === 'function' ? await answer() : answer
        // 0: the connection is cut before an answer.
        if (status === 0) return request.socket.destroy()
        const token = what.endsWith('/tokens') ? { 'x-subject-token': 'token' } : {}
        response.writeHead(status, { 'content-type': 'application/json', ...token })
        response.end(body === undefined || body === '' ? undefined : JSON.stringify(body))
      })
    })
  }

  /** Listen, and give a client. */
  async client(): Promise<ServiceClient> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    const session = new Session(this.#http, {
      authUrl: address,
      login: {
        kind: 'password',
        user: { id: 'usher' },
        password: new Secret('password'),
        scope: { project: { id: 'admin' } },
      },
      interface: 'public',
      endpoints: { compute: `${address}/v2.1` },
      microversions: {},
    })
    return new ServiceClient(session, services.nova)
  }

  get http(): HttpClient {
    return this.#http
  }

  /** A server, with what was asked of it and where it went. */
  hold(id: string, server: Readonly<Record<string, unknown>>): void {
    const body = { server: { id, name: id, status: 'ACTIVE', ...server } }
    this.answers.set(`GET /v2.1/servers/${id}`, { status: 200, body })
    for (const [path, key] of [
      [`/v2.1/servers/${id}/os-instance-actions`, 'instanceActions'],
      ['/v2.1/os-migrations', 'migrations'],
    ]) {
      const what = `GET ${path}`
      if (!this.answers.has(what)) this.answers.set(what, { status: 200, body: { [key!]: [] } })
    }
    this.answers.set(`POST /v2.1/servers/${id}/action`, { status: 202 })
  }

  hosts(...hosts: readonly (readonly [name: string, status: string, state: string])[]): void {
    const services = hosts.map(([host, status, state]) => ({ id: `service-${host}`, host, status, state }))
    this.answers.set('GET /v2.1/os-services', { status: 200, body: { services } })
  }

  async close(): Promise<void> {
    await this.#http.close()
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #find(what: string, url: string): Answer | (() => Answer | Promise<Answer>) {
    if (what.endsWith('/tokens')) {
      const expires = new Date(Date.now() + 3_600_000).toISOString()
      return { status: 201, body: { token: { expires_at: expires, user: { id: 'usher', name: 'usher' } } } }
    }
    if (what === 'GET /v2.1/') return { status: 200, body: { version: { version: '2.93', min_version: '2.1' } } }
    const known = this.answers.get(what)
    return known ?? { status: 404, body: { itemNotFound: { code: 404, message: `nothing at ${url}` } } }
  }
}
