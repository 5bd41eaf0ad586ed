import { z } from 'zod'
import { fail, nearestName } from '../../../diagnostic/index.ts'
import { checkAnswer, type HttpAnswer, type HttpCall, type HttpClient, RequestError, Secret } from '../../http/index.ts'
import type { CloudAccess } from './access.ts'
import { loginBody } from './login-body.ts'

const tokenAnswer = z.object({
  token: z.object({
    expires_at: z.string(),
    user: z.object({ id: z.string(), name: z.string() }),
    project: z.object({ id: z.string(), name: z.string() }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          name: z.string().optional(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              region_id: z.string().nullish(),
              region: z.string().nullish(),
              url: z.string(),
            }),
          ),
        }),
      )
      .default([]),
  }),
})

/** A token that is renewed so long before it expires, in milliseconds: requests with it may still wait in a queue. */
const EARLY = 120_000

interface Token {
  readonly secret: Secret
  readonly expiresAt: number
  readonly user: { readonly id: string; readonly name: string }
  readonly project: { readonly id: string; readonly name: string } | undefined
  readonly roles: readonly string[]
  readonly catalog: z.infer<typeof tokenAnswer>['token']['catalog']
}

/** A service as clients ask for it: its names in a catalogue, the usual one first, and its name for people. */
export interface ServiceName {
  readonly types: readonly [string, ...string[]]
  /** `Nova`. */
  readonly title: string
}

/**
 * A login to one cloud: a token that is renewed before it expires and when a service refuses it, and the catalogue's addresses. Logins
 * are shared: many requests at once cause one.
 */
export class Session {
  readonly http: HttpClient
  readonly access: CloudAccess
  readonly #now: () => number
  #token: Token | undefined
  #login: Promise<Token> | undefined

  constructor(http: HttpClient, access: CloudAccess, now: () => number = Date.now) {
    this.http = http
    this.access = access
    this.#now = now
    const { login } = access
    const secret = login.kind === 'password' ? login.password : login.kind === 'token' ? login.token : login.secret
    http.secrets.add(secret)
  }

  /** Who is logged in; logs in where nobody is. */
  async identity(): Promise<Pick<Token, 'user' | 'project' | 'roles'>> {
    const { user, project, roles } = await this.#current()
    return { user, project, roles }
  }

  /**
   * Where a service is, without a slash at the end. Throws a `DiagnosticError` when the catalogue does not have it, or not in this
   * region or on this interface.
   */
  async endpoint(service: ServiceName): Promise<string> {
    const override = service.types.map(type => this.access.endpoints[type]).find(url => url !== undefined)
    if (override !== undefined) return override.replace(/\/+$/, '')
    const { catalog } = await this.#current()
    const entries = catalog.filter(entry => service.types.includes(entry.type))
    const { region, interface: face } = this.access
    const endpoints = entries.flatMap(entry => entry.endpoints)
    const here = endpoints.filter(e => region === undefined || (e.region_id ?? e.region) === region)
    const found = here.find(e => e.interface === face || e.interface === `${face}URL`)
    if (found) return found.url.replace(/\/+$/, '')
    if (catalog.length === 0) {
      fail('source/no-service', 'Keystone gives this login no catalogue: it is for no project', {
        help: 'give `project_name` or `project_id`, or `system_scope: all`',
      })
    }
    if (endpoints.length === 0) {
      fail(
        'source/no-service',
        `the cloud's catalogue has no ${service.title} (service type \`${service.types[0]}\`)`,
        {
          help: `take the tables of ${service.title} out of the policies, or give its address under \`endpoints\``,
        },
      )
    }
    if (here.length === 0) {
      const regions = [...new Set(endpoints.map(e => e.region_id ?? e.region ?? ''))]
      const near = nearestName(region ?? '', regions)
      fail('source/no-service', `${service.title} is not in the region \`${region}\``, {
        help: near ? `did you mean \`${near}\`?` : `its regions are ${regions.map(r => `\`${r}\``).join(', ')}`,
      })
    }
    fail('source/no-service', `${service.title} has no ${face} address in the catalogue`, {
      help: `use another \`interface\`: ${[...new Set(here.map(e => `\`${e.interface}\``))].join(', ')}`,
    })
  }

  /** Send a call with a token; once more with a new one when it is refused as 401. */
  async send(call: HttpCall): Promise<HttpAnswer> {
    const token = await this.#current()
    try {
      return await this.http.json(withToken(call, token))
    } catch (thrown) {
      if (!(thrown instanceof RequestError) || thrown.status !== 401) throw thrown
      if (this.#token === token) this.#token = undefined
      return await this.http.json(withToken(call, await this.#current()))
    }
  }

  async #current(): Promise<Token> {
    const token = this.#token
    if (token && token.expiresAt - EARLY > this.#now()) return token
    this.#login ??= this.#logIn().finally(() => {
      this.#login = undefined
    })
    return this.#login
  }

  async #logIn(): Promise<Token> {
    const url = keystoneUrl(this.access.authUrl)
    const answer = await this.http.json({
      method: 'POST',
      url: `${url}/auth/tokens`,
      what: 'Keystone',
      body: loginBody(this.access.login),
      repeatable: true,
    })
    const { token } = checkAnswer(tokenAnswer, answer.body, 'Keystone', `${url}/auth/tokens`)
    const text = answer.headers['x-subject-token']
    if (typeof text !== 'string') {
      fail('source/unexpected-answer', `Keystone at \`${url}/auth/tokens\` gave no token`, {
        help: 'check that the address is that of Keystone v3',
      })
    }
    const before = this.#token?.secret
    const secret = new Secret(text)
    this.http.secrets.add(secret)
    if (before) this.http.secrets.delete(before)
    const { user, project, catalog } = token
    const roles = token.roles.map(role => role.name)
    this.#token = { secret, expiresAt: Date.parse(token.expires_at), user, project, roles, catalog }
    return this.#token
  }
}

function withToken(call: HttpCall, token: Token): HttpCall {
  return { ...call, headers: { ...call.headers, 'x-auth-token': token.secret.reveal() } }
}

/** Keystone's v3 address, of one that ends in `/v3`, in `/v2.0` or in neither. */
export function keystoneUrl(authUrl: string): string {
  return `${authUrl.replace(/\/+$/, '').replace(/\/v(?:3|2\.0)$/, '')}/v3`
}
