import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { faultOf, refuse } from '../faults.ts'
import type { Keystone } from './keystone.ts'
import { type Allow, type Caller, everyone, isAllowed, type Role, sayAllowed } from './roles.ts'
import { isOurToken, type TokenBook } from './tokens.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. A route without it is never served. */
    allow?: Allow
    /** Answered even while the service is overloaded, and not counted against a caller. */
    vital?: boolean
    /** `If-Match` is asked for. */
    guarded?: boolean
  }
  interface FastifyInstance {
    /** Every route there is, with its rule. */
    routeRules: RouteRule[]
  }
  interface FastifyRequest {
    /** Set once the request is let in. */
    caller: Caller
  }
}

export interface RouteRule {
  readonly method: string
  readonly url: string
  readonly allow: Allow | undefined
}

export interface AdmissionOptions {
  readonly tokens: TokenBook
  readonly keystone?: Keystone
  /** Everyone has this role: for trials on one's own machine. */
  readonly withoutAuthentication?: Role
  /** All below this path is open to everyone. */
  readonly openPrefix: string
  readonly requestsPerMinute: number
  readonly refusalsPerMinute: number
}

const NOBODY: Caller = { id: 'nobody', roles: new Set(), pushes: new Set() }

/**
 * The one place where requests are let in: who is it, may they, do they ask too often. It runs before the body is read, for every
 * route, those of plugins too.
 */
export async function addAdmission(app: FastifyInstance, options: AdmissionOptions): Promise<Admission> {
  const perMinute = (max: number, key: (request: FastifyRequest) => string) =>
    app.createRateLimit({ max, timeWindow: 60_000, keyGenerator: key })
  const requests = perMinute(options.requestsPerMinute, request => request.caller.id)
  const refusals = perMinute(options.refusalsPerMinute, request => request.ip)
  const identify = identifier(options)

  app.decorateRequest('caller', null as unknown as Caller)
  app.decorate('routeRules', [])
  app.addHook('onRoute', route => {
    // The documentation's own routes are made by a plugin, which knows nothing of our rules.
    if (route.url.startsWith(options.openPrefix)) route.config = { ...route.config, allow: everyone }
    for (const method of [route.method].flat())
      app.routeRules.push({ method, url: route.url, allow: route.config?.allow })
  })
  app.addHook('onReady', async () => {
    const bare = app.routeRules.find(({ allow }) => allow === undefined)
    if (bare) throw new Error(`the route ${bare.method} ${bare.url} has no rule who may use it`)
  })
  app.addHook('onRequest', async (request, reply) => {
    const { allow, vital } = request.routeOptions.config
    // An unknown route: the caller hears that it is unknown, and nothing more.
    if (request.is404) return void (request.caller = NOBODY)
    if (!allow) throw new Error(`the route ${request.method} ${request.url} has no rule who may use it`)
    if (allow === 'everyone') {
      request.caller = NOBODY
      return
    }
    request.caller = await identifyOrRefuse(request)
    if (!isAllowed(allow, request.caller, request.params as Record<string, unknown>))
      refuse(403, 'api/not-allowed', `\`${request.caller.id}\` may not do this`, {
        help: `it takes one of: ${sayAllowed(allow)}`,
      })
    if (!vital) await count(requests, request, reply)
  })

  async function identifyOrRefuse(request: FastifyRequest): Promise<Caller> {
    try {
      return await identify(request)
    } catch (error) {
      const { status } = faultOf(error)
      if (status === 401) await count(refusals, request)
      throw error
    }
  }

  return {
    async stillValid(request) {
      try {
        return isAllowed(request.routeOptions.config.allow!, await identify(request), {})
      } catch (error) {
        // Not being able to ask is no reason to break a stream off.
        return faultOf(error).status !== 401
      }
    },
  }
}

export interface Admission {
  /** Whether a stream that was let in would still be: its token may have expired or been revoked. */
  stillValid(request: FastifyRequest): Promise<boolean>
}

function identifier(options: AdmissionOptions): (request: FastifyRequest) => Promise<Caller> {
  const { tokens, keystone, withoutAuthentication } = options
  const anyone: Caller | undefined = withoutAuthentication && {
    id: 'anyone',
    roles: new Set([withoutAuthentication]),
    pushes: new Set(),
  }
  return async request => {
    const token = tokenOf(request)
    if (token === undefined) {
      if (anyone) return anyone
      return unauthenticated('api/no-token', 'this needs a token', keystone !== undefined)
    }
    const caller = isOurToken(token) ? await tokens.find(token) : await keystone?.find(token)
    return caller ?? unauthenticated('api/bad-token', 'the token is not valid', keystone !== undefined)
  }
}

function tokenOf(request: FastifyRequest): string | undefined {
  const own = request.headers['x-auth-token']
  if (typeof own === 'string' && own !== '') return own
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

function unauthenticated(code: string, message: string, keystone: boolean): never {
  refuse(401, code, message, {
    help: `send one that \`usher token create\` made${keystone ? ', or one of Keystone' : ''}`,
    headers: { 'www-authenticate': 'Bearer realm="usher"' },
  })
}

async function count(
  limit: ReturnType<FastifyInstance['createRateLimit']>,
  request: FastifyRequest,
  reply?: FastifyReply,
): Promise<void> {
  const state = await limit(request)
  if (state.isAllowed) return
  reply?.header('ratelimit-limit', state.max).header('ratelimit-remaining', state.remaining)
  if (!state.isExceeded) return
  refuse(429, 'api/too-many-requests', `more than ${state.max} requests in a minute`, {
    help: `wait ${state.ttlInSeconds} seconds`,
    headers: { 'retry-after': String(state.ttlInSeconds) },
  })
}
