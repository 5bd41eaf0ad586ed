import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyContextConfig, FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { sayAllowed } from './security/roles.ts'

export const DOCS = '/docs'

/** The OpenAPI 3.1 document and the pages that show it, at `/docs`. They ask no one but this server for anything. */
export async function addDocumentation(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Usher', version, description: DESCRIPTION },
      tags: TAGS.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'a token of `usher token create`, or of Keystone' },
          token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'the same, as OpenStack sends it' },
        },
      },
      security: [{ bearer: [] }, { token: [] }],
    },
    transform: input => {
      const { schema, url } = jsonSchemaTransform(input as Parameters<typeof jsonSchemaTransform>[0])
      const allow = input.route.config?.allow
      const open = allow === 'everyone'
      const headers = headersOf(input.route.method, input.route.config ?? {})
      return {
        url,
        schema: {
          ...schema,
          ...(open ? { security: [] } : {}),
          ...(allow ? { 'x-roles': sayAllowed(allow) } : {}),
          ...headers,
        },
      }
    },
    transformObject: jsonSchemaTransformObject as never,
  })
  await app.register(swaggerUi, {
    routePrefix: DOCS,
    validatorUrl: false,
    uiConfig: { docExpansion: 'none', persistAuthorization: false },
    staticCSP:
      "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; " +
      "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  })
}

/** Headers that a route reads; they are checked by code of their own, so no schema of the route has them. */
function headersOf(method: unknown, { guarded, allow }: FastifyContextConfig): object {
  const text = (description: string) => ({ type: 'string', description })
  const properties = {
    ...(guarded ? { 'if-match': text('the ETag that the policy was read with, or `*`') } : {}),
    ...(method === 'POST' && allow !== 'everyone'
      ? { 'idempotency-key': text('sent twice, it is carried out once') }
      : {}),
  }
  if (Object.keys(properties).length === 0) return {}
  return { headers: { type: 'object', properties, required: guarded ? ['if-match'] : [] } }
}

const DESCRIPTION = `Policies, violations, plans and what is done about them. Under \`/v1\` the API of OpenStack Congress, under \`/v2\` Usher's own.

Every refusal has one form: \`{ error: { code, message, help, requestId, details } }\`. Codes are stable.`

const TAGS: readonly (readonly [string, string])[] = [
  ['policies', 'Texts with rules, their versions, and what would change with another text.'],
  ['violations', 'What the policies find wrong, since when and why; exceptions from it.'],
  ['tables', 'Data sources, their tables and how fresh these are.'],
  ['plans', 'Better placements, and the migrations that lead to them.'],
  ['workflows', 'Executions that carry plans and actions out.'],
  ['snapshots', 'Recorded states of all tables.'],
  ['events', 'What happens, as a stream or sent to other services.'],
  ['operation', 'Health, metrics, version, audit log.'],
  ['congress', 'The API of OpenStack Congress, version 1.'],
]
