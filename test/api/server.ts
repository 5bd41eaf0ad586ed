import type { FastifyInstance, InjectOptions } from 'fastify'
import pino from 'pino'
import type { z } from 'zod'
import { apiSettingsSchema, createApi, createToken, ROLES } from '../../src/api/index.ts'
import { createServiceDouble, type ServiceDouble } from '../../src/api/testing/service-double.ts'
import type { Service } from '../../src/control/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'

type RoleName = (typeof ROLES)[number]

export interface Served {
  readonly api: FastifyInstance
  readonly store: Store
  /** A token for each role. */
  readonly tokens: Readonly<Record<RoleName, string>>
  /** Lines of the log. */
  readonly log: string[]
  /** Send a request as somebody with a role; the body of the answer, read as JSON. */
  ask(role: RoleName, method: string, url: string, more?: Partial<InjectOptions>): Promise<Answer>
  close(): Promise<void>
}

export interface TestServer extends Served {
  readonly service: ServiceDouble
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly body: any
  readonly text: string
}

type Settings = z.input<typeof apiSettingsSchema>

/** The API over a service in memory. */
export async function startServer(settings: Settings = {}): Promise<TestServer> {
  const store = await openStore({ memory: true })
  const service = createServiceDouble()
  const served = await serve(service, store, settings)
  return {
    ...served,
    service,
    async close() {
      await served.close()
      await store.close()
    },
  }
}

/** The API over any service, every answer checked against its documentation. */
export async function serve(service: Service, store: Store, settings: Settings = {}): Promise<Served> {
  const log: string[] = []
  const api = await createApi(service, {
    store,
    settings: apiSettingsSchema.parse({
      ...settings,
      limits: { refusalsPerMinute: 100_000, requestsPerMinute: 100_000, lagMilliseconds: 60_000, ...settings.limits },
    }),
    version: '0.0.0',
    logger: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    checkAnswers: true,
  })
  const tokens = Object.fromEntries(
    await Promise.all(
      ROLES.map(async role => [role, await createToken(store, { name: role, scopes: [role], lifetime: 3_600_000 })]),
    ),
  ) as Record<RoleName, string>
  return {
    api,
    store,
    tokens,
    log,
    async ask(role, method, url, more = {}) {
      const answer = await api.inject({
        method: method as 'GET',
        url,
        ...more,
        headers: { authorization: `Bearer ${tokens[role]}`, ...more.headers },
      })
      const text = answer.body
      const json = String(answer.headers['content-type'] ?? '').startsWith('application/json')
      return {
        status: answer.statusCode,
        headers: answer.headers as Record<string, string>,
        body: json && text !== '' ? JSON.parse(text) : undefined,
        text,
      }
    },
    close: () => api.close(),
  }
}
