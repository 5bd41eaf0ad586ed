import { type Layout, PASSWORD, url } from './layout.ts'

/** Answers of the control plane are read as they come. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of another system, looked at by tests only.
export type Json = any

type ServiceName = 'identity' | 'compute' | 'placement' | 'images' | 'metrics' | 'volumes'

/**
 * A plain client with all rights, for seeding and for looking at the truth. Knows nothing of Usher's own clients, so that tests can hold
 * one against the other.
 */
export class Admin {
  readonly #layout: Layout
  readonly #user: string
  #token: string | undefined

  constructor(layout: Layout, user = 'admin') {
    this.#layout = layout
    this.#user = user
  }

  get = (service: ServiceName, path: string): Promise<Json> => this.#send(service, 'GET', path)
  post = (service: ServiceName, path: string, body: unknown): Promise<Json> => this.#send(service, 'POST', path, body)
  put = (service: ServiceName, path: string, body?: unknown): Promise<Json> => this.#send(service, 'PUT', path, body)
  delete = (service: ServiceName, path: string): Promise<Json> => this.#send(service, 'DELETE', path)

  async #send(service: ServiceName, method: string, path: string, body?: unknown, again = false): Promise<Json> {
    this.#token ??= await this.#login()
    const raw = body instanceof Uint8Array
    const base = { identity: '/v3', compute: '/v2.1', placement: '', images: '', metrics: '/v1', volumes: '/v3' }[
      service
    ]
    const response = await fetch(`${url(this.#layout, service)}${base}${path}`, {
      method,
      headers: {
        'x-auth-token': this.#token,
        'openstack-api-version': 'compute 2.93, placement 1.39, volume 3.70',
        ...(body !== undefined && { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body !== undefined && { body: raw ? body.slice() : JSON.stringify(body) }),
      signal: AbortSignal.timeout(120_000),
    })
    const text = await response.text()
    if (response.status === 401 && !again) {
      this.#token = undefined
      return this.#send(service, method, path, body, true)
    }
    if (!response.ok)
      throw new AdminError(`${method} ${service} ${path}: ${response.status} ${text.slice(0, 500)}`, response.status)
    return text === '' ? undefined : JSON.parse(text)
  }

  async #login(): Promise<string> {
    const response = await fetch(`${url(this.#layout, 'identity', '/v3/auth/tokens')}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: this.#user, domain: { id: 'default' }, password: PASSWORD } },
          },
          scope: { project: { name: 'admin', domain: { id: 'default' } } },
        },
      }),
      signal: AbortSignal.timeout(120_000),
    })
    const token = response.headers.get('x-subject-token')
    if (!token) throw new AdminError(`no token for ${this.#user}: ${await response.text()}`, response.status)
    return token
  }
}

export class AdminError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}
