import type { FastifyInstance, InjectOptions } from 'fastify'
import pino from 'pino'
import type { z } from 'zod'
import { apiSettingsSchema, createApi, createToken, ROLES } from '../../src/api/index.ts'
import { createServiceDouble, type ServiceDouble } from '../../src/api/testing/service-double.ts'
import { openStore, type Store } from '../../src/store/index.ts'

type RoleName = (typeof ROLES)[number]

export interface TestServer {
  readonly api: FastifyInstance
  readonly service: ServiceDouble
  readonly store: Store
  /** A token for each role. */
  readonly tokens: Readonly<Record<RoleName, string>>
  /** Lines of the log. */
  readonly log: string[]
  /** Send a request as somebody with a role; the body of the answer, read as JSON. */
  ask(role: RoleName, method: string, url: string, more?: Partial<InjectOptions>): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly body: any
  readonly text: string
}

/** The API over a service in memory, every answer checked against its documentation. */
export async function startServer(settings: z.input<typeof apiSettingsSchema> = {}): Promise<TestServer> {
  const store = await openStore({ memory: true })
  const service = createServiceDouble()
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
    service,
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
    async close() {
      await api.close()
      await store.close()
    },
  }
}
