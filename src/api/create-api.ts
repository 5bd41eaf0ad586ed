import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import pino, { type Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import { z } from 'zod'
import { placementReportSchema, planReportSchema, type Service } from '../control/index.ts'
import { fail } from '../diagnostic/index.ts'
import type { Store } from '../store/index.ts'
import type { ApiSettings } from './config.ts'
import { addDocumentation, DOCS } from './documentation.ts'
import { type Endpoint, paramsOf } from './endpoint.ts'
import { createStreams } from './events/streams.ts'
import { type Fault, faultBody, faultOf, refuse } from './faults.ts'
import { addIdempotency } from './idempotency.ts'
import { takeJson } from './json-body.ts'
import { createMetrics } from './metrics.ts'
import { fault } from './schemas.ts'
import { addAdmission } from './security/admission.ts'
import { createKeystone } from './security/keystone.ts'
import { createTokenBook } from './security/tokens.ts'
import { readSetting } from './setting-files.ts'
import { addStopping } from './stopping.ts'
import { v1Endpoints } from './v1/index.ts'
import { v2Endpoints } from './v2/index.ts'

export interface ApiOptions {
  /** Where tokens and the answers to keyed requests are. */
  readonly store: Store
  readonly settings: ApiSettings
  readonly version: string
  /** Default: pino on standard output. */
  readonly logger?: Logger
  /** Check every answer against its documentation: for tests. */
  readonly checkAnswers?: boolean
}

/**
 * The HTTP server, ready to listen. Closing it ends the streams and waits for the requests under way; the service stays open.
 *
 * @example
 * const api = await createApi(service, { store, settings: apiSettingsSchema.parse({}), version: '0.1.0' })
 * await api.listen({ host: '127.0.0.1', port: 1789 })
 */
export async function createApi(service: Service, options: ApiOptions): Promise<FastifyInstance> {
  const { store, settings } = options
  const { limits } = settings
  const app = createServer(options)
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(({ schema }) =>
    options.checkAnswers ? checking(schema as unknown as z.ZodType) : body => JSON.stringify(body),
  )
  takeJson(app)
  let endStreams = (): void => {}
  addStopping(app, () => endStreams())
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (request.url.includes('%00')) refuse(400, 'api/bad-request', 'the path or the query has a NUL in it')
  })
  addLog(app)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    // Whether there is TLS on the way is known here only where it ends here.
    strictTransportSecurity: settings.tls !== undefined,
  })
  await app.register(rateLimit, { global: false })
  await app.register(underPressure, {
    maxEventLoopDelay: limits.lagMilliseconds,
    pressureHandler: request => {
      if (request.routeOptions.config.vital) return
      refuse(503, 'api/overloaded', 'the service lags behind', { headers: { 'retry-after': '2' } })
    },
  })
  const tokens = createTokenBook(store)
  const keystone = settings.keystone && createKeystone(withCa(settings.keystone))
  const admission = await addAdmission(app, {
    tokens,
    ...(keystone ? { keystone } : {}),
    ...(settings.authentication === 'tokens' ? {} : { withoutAuthentication: settings.authentication.everyoneIs }),
    openPrefix: DOCS,
    requestsPerMinute: limits.requestsPerMinute,
    refusalsPerMinute: limits.refusalsPerMinute,
  })
  addIdempotency(app, store)
  app.setErrorHandler((error, request, reply) => sendFault(error, request, reply))
  app.setNotFoundHandler(request =>
    refuse(404, 'api/not-found', `there is no route ${request.method} \`${pathOf(request)}\``, {
      help: 'see `/docs` for all there are',
    }),
  )
  await addDocumentation(app, options.version)
  const streams = createStreams(service.events, limits.streams, admission)
  endStreams = streams.closeAll
  const metrics = createMetrics(app, service, streams.counts)
  const placementReport = (await placementReportSchema()).meta({ id: 'PlacementReport' })
  const planReport = (await planReportSchema()).meta({ id: 'PlanReport' })
  const endpoints = [
    ...v2Endpoints({ service, settings, streams, metrics, version: options.version, planReport, placementReport }),
    ...v1Endpoints({ service }),
  ]
  const slots = { free: limits.evaluations }
  for (const each of endpoints) addEndpoint(app, each, settings, slots)
  app.addHook('onClose', async () => {
    tokens.close()
    await keystone?.close()
  })
  await app.ready()
  return app
}

function createServer({ settings, logger }: ApiOptions): FastifyInstance {
  const { tls } = settings
  const server: FastifyServerOptions = {
    ...(tls ? { https: { key: readSetting('tls.key', tls.key), cert: readSetting('tls.cert', tls.cert) } } : {}),
    loggerInstance: logger ?? pino(),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: settings.trustProxy,
    bodyLimit: settings.limits.bodyBytes,
    requestTimeout: 120_000,
    // Said by ourselves, in the form of all refusals.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    requestIdHeader: false,
    genReqId: request => {
      const given = request.headers['x-request-id'] ?? request.headers['x-openstack-request-id']
      return typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : `req-${uuid()}`
    },
    frameworkErrors: (error, request, reply) => sendFault(error, request, reply),
    clientErrorHandler(_error, socket) {
      if (!socket.writable) return socket.destroy()
      const body = JSON.stringify(
        faultBody(
          {
            status: 400,
            diagnostics: [{ code: 'api/bad-request', severity: 'error', message: 'this is not a valid HTTP request' }],
          },
          `req-${uuid()}`,
          false,
        ),
      )
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      )
    },
  }
  try {
    return Fastify(server)
  } catch (error) {
    if (!tls) throw error
    return fail('api/bad-tls', `\`${tls.key}\` and \`${tls.cert}\` can't be used for TLS (${(error as Error).message})`)
  }
}

function addEndpoint(app: FastifyInstance, e: Endpoint, settings: ApiSettings, slots: { free: number }): void {
  const status = e.status ?? (e.answer ? 200 : 204)
  const answer = e.answer ?? z.undefined().describe('done')
  app.route({
    method: e.method,
    url: e.url,
    // A HEAD of a stream would never end.
    exposeHeadRoute: e.method === 'GET' && e.streams === undefined,
    config: { allow: e.allow, ...(e.vital ? { vital: true } : {}), ...(e.guarded ? { guarded: true } : {}) },
    ...(e.largeBody ? { bodyLimit: settings.limits.pushBytes } : {}),
    schema: {
      tags: [e.tag],
      summary: e.summary,
      ...documented(e),
      ...(e.url.includes('/:') ? { params: paramsOf(e) } : {}),
      ...(e.query ? { querystring: e.url.startsWith('/v1') ? z.looseObject(e.query) : z.strictObject(e.query) } : {}),
      ...(e.body ? { body: e.body } : {}),
      response: {
        ...Object.fromEntries([status, ...(e.alsoStatus ?? [])].map(each => [each, answer])),
        default: fault,
      },
    },
    async handler(request, reply) {
      if (e.costly) takeSlot(slots)
      try {
        reply.code(status)
        const given = await e.handle({
          params: request.params as never,
          query: (request.query ?? {}) as never,
          body: request.body as never,
          actor: { id: request.caller.id },
          request,
          reply,
        })
        if (reply.statusCode === 304) return reply.send()
        return reply.sent || (reply.raw.headersSent && e.streams) ? reply : reply.send(given)
      } finally {
        if (e.costly) slots.free++
      }
    },
  })
}

function takeSlot(slots: { free: number }): void {
  if (slots.free <= 0)
    refuse(429, 'api/too-many-evaluations', 'other evaluations are running', { headers: { 'retry-after': '1' } })
  slots.free--
}

/** What the OpenAPI document says of an endpoint beside its schemas; see documentation.ts. */
function documented(e: Endpoint): object {
  return {
    ...(e.description ? { description: e.description } : {}),
    ...(e.streams ? { produces: [e.streams] } : {}),
  }
}

function sendFault(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const found: Fault = faultOf(error)
  if (found.status === 500) request.log.error({ err: error }, 'internal fault')
  else if (found.status === 503)
    request.log.warn(
      { reason: error instanceof Error ? error.message : found.diagnostics[0]!.message },
      'not available',
    )
  return reply
    .code(found.status)
    .headers({ ...found.headers, 'content-type': 'application/json; charset=utf-8', 'x-request-id': request.id })
    .serializer((body: unknown) => JSON.stringify(body))
    .send(faultBody(found, request.id, request.url.startsWith('/v1')))
}

/** One line for each request: who, what, how it ended. No query, no headers, no bodies: they may hold what is secret. */
function addLog(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: pathOf(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        caller: request.caller?.id,
        address: request.ip,
      },
      'request',
    )
  })
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]!.slice(0, 200)
}

function checking(schema: z.ZodType): (body: unknown) => string {
  return body => {
    const text = JSON.stringify(body)
    const checked = schema.safeParse(text === undefined ? undefined : JSON.parse(text))
    if (!checked.success) throw new Error(`the answer is not as documented: ${z.prettifyError(checked.error)}`)
    return text
  }
}

function withCa({ caFile, ...config }: NonNullable<ApiSettings['keystone']>) {
  return { ...config, ...(caFile === undefined ? {} : { ca: readSetting('keystone.caFile', caFile) }) } as Parameters<
    typeof createKeystone
  >[0]
}
