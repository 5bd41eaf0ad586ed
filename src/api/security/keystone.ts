import { createHash } from 'node:crypto'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { fail } from '../../diagnostic/index.ts'
import { type Caller, ROLES, type Role } from './roles.ts'

/** How tokens of OpenStack's identity service are judged. */
export interface KeystoneConfig {
  /** For example `https://keystone.example.org:5000/v3`. */
  readonly url: string
  /** Names of Keystone roles that give ours. */
  readonly roles: Readonly<Partial<Record<Role, readonly string[]>>>
  /** Ids of projects whose tokens are taken. Default: any. */
  readonly projects?: readonly string[]
  /** How long an answer of Keystone is relied on, in seconds: a token revoked there works here so long. Default 60. */
  readonly cacheSeconds?: number
  /** Default 5. */
  readonly timeoutSeconds?: number
  /** A file of certificates to trust, PEM. Default: the system's. */
  readonly ca?: string
}

/** What `GET /v3/auth/tokens` answers, as far as it matters here. */
const validated = z.object({
  token: z.object({
    expires_at: z.string(),
    user: z.object({ id: z.string(), name: z.string(), domain: z.object({ name: z.string() }).optional() }),
    project: z.object({ id: z.string() }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
  }),
})

/** How long a refusal is remembered, in milliseconds. */
const REFUSED_FOR = 10_000
const MOST_REMEMBERED = 10_000

export interface Keystone {
  /**
   * Who holds a token. Undefined: Keystone does not know it, or its project or roles are none of ours.
   * @throws DiagnosticError `api/keystone-away`
   */
  find(token: string): Promise<Caller | undefined>
  close(): Promise<void>
}

/**
 * Ask Keystone v3 who holds a token. The token vouches for itself (Keystone lets a token's holder validate it), so no secret of
 * the service's own is needed. Answers are remembered under the token's hash.
 */
export function createKeystone(config: KeystoneConfig, clock: () => number = Date.now): Keystone {
  const timeout = (config.timeoutSeconds ?? 5) * 1000
  const dispatcher = new Agent({
    connections: 8,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    connect: { timeout, ...(config.ca === undefined ? {} : { ca: config.ca }) },
  })
  const url = `${config.url.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3/auth/tokens`
  const remembered = new Map<string, { readonly caller: Caller | undefined; readonly until: number }>()
  const underWay = new Map<string, Promise<Caller | undefined>>()

  const ask = async (token: string, key: string): Promise<Caller | undefined> => {
    const { status, body } = await send(token)
    if (status !== 200) {
      if (status !== 401 && status !== 404 && status !== 403) away(`it answers with status ${status}`)
      remember(key, undefined, clock() + REFUSED_FOR)
      return undefined
    }
    const answer = validated.safeParse(body)
    if (!answer.success) away('its answer has another form than that of Keystone v3')
    const { token: t } = answer.data
    const expires = Date.parse(t.expires_at)
    const caller = expires > clock() ? callerOf(t, config) : undefined
    remember(key, caller, Math.min(expires, clock() + (caller ? (config.cacheSeconds ?? 60) * 1000 : REFUSED_FOR)))
    return caller
  }
  const send = async (token: string): Promise<{ status: number; body: unknown }> => {
    try {
      const answer = await request(url, {
        dispatcher,
        headers: { 'x-auth-token': token, 'x-subject-token': token, accept: 'application/json' },
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, body: answer.statusCode === 200 ? JSON.parse(text) : undefined }
    } catch (error) {
      return away(error instanceof SyntaxError ? 'its answer is not JSON' : String((error as Error).message))
    }
  }
  const remember = (key: string, caller: Caller | undefined, until: number): void => {
    if (remembered.size >= MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!)
    remembered.set(key, { caller, until })
  }
  return {
    async find(token) {
      // Keystone's tokens are shorter; anything else is not sent anywhere.
      if (!/^[\x21-\x7e]{8,8192}$/.test(token)) return undefined
      const key = createHash('sha256').update(token).digest('base64')
      const before = remembered.get(key)
      if (before && before.until > clock()) return before.caller
      remembered.delete(key)
      let asking = underWay.get(key)
      if (!asking) {
        asking = ask(token, key).finally(() => underWay.delete(key))
        underWay.set(key, asking)
      }
      return asking
    },
    close: () => dispatcher.close(),
  }
}

function callerOf(token: z.output<typeof validated>['token'], config: KeystoneConfig): Caller | undefined {
  if (config.projects && !(token.project && config.projects.includes(token.project.id))) return undefined
  const held = new Set(token.roles.map(role => role.name))
  const roles = ROLES.filter(role => config.roles[role]?.some(name => held.has(name)))
  if (roles.length === 0) return undefined
  const domain = token.user.domain && token.user.domain.name !== 'Default' ? `@${token.user.domain.name}` : ''
  return { id: `keystone:${token.user.name}${domain}`, roles: new Set(roles), pushes: new Set() }
}

function away(why: string): never {
  fail('api/keystone-away', `Keystone can not be asked about the token: ${why}`)
}
