import { z } from 'zod'
import { apiSettingsSchema } from '../../src/api/index.ts'
import { startServer } from '../api/server.ts'

/** A JSON schema, as far as it is written out here. */
interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly default?: unknown
  readonly additionalProperties?: boolean | Schema
}

interface Operation {
  readonly summary: string
  readonly description?: string
  readonly tags: readonly [string]
  readonly 'x-roles': string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema: Schema
    readonly description?: string
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}

interface Document {
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** docs/reference/api.md, made from the OpenAPI document that the server gives. */
export async function apiPage(): Promise<string> {
  const server = await startServer()
  try {
    const { body } = await server.ask('viewer', 'GET', '/docs/json')
    return page(body as Document)
  } finally {
    await server.close()
  }
}

function page({ tags, paths, components }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const sections = tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === name)
    const parts = own.map(({ method, path, operation }) => `### ${method} ${path}\n\n${operationText(operation)}`)
    return [`## ${name.charAt(0).toUpperCase()}${name.slice(1)}\n\n${description}`, ...parts].join('\n\n')
  })
  const forms = Object.entries(components.schemas)
    // A form that is both taken and given is described once.
    .filter(([name]) => !name.endsWith('Input') || !(name.slice(0, -5) in components.schemas))
    .map(([name, schema]) => `### ${name}\n\n${fieldTable(schema)}`)
  const settings = z.toJSONSchema(apiSettingsSchema, { io: 'input', unrepresentable: 'any' }) as Schema
  return `${[
    OPENING,
    ...sections,
    `## Forms\n\nWhat several requests and answers share.`,
    ...forms,
    `## Settings\n\nThe part \`api:\` of the configuration of \`usher serve\`.\n\n${table(settingRows(settings, ''), 'setting')}`,
  ].join('\n\n')}\n`
}

function operationText({ summary, description, parameters = [], requestBody, responses, ...rest }: Operation) {
  const query = parameters
    // Every POST takes an idempotency key: that is said once.
    .filter(parameter => parameter.in !== 'path' && parameter.name !== 'idempotency-key')
    .map(({ name, in: place, required = false, schema, description: about }) =>
      row(place === 'header' ? 'If-Match' : name, required, {
        ...schema,
        ...(about ? { description: place === 'header' ? `header: ${about}` : about } : {}),
      }),
    )
  const body = requestBody?.content['application/json']?.schema
  const [status, answer] = Object.entries(responses).find(([code]) => code !== 'default')!
  const given = Object.entries(answer.content ?? {})[0]
  const kind = given && given[0] !== 'application/json' ? ` (${given[0]})` : ''
  const form = given ? typeOf(given[1].schema) : 'nothing'
  return [
    `${summary}.${description ? ` ${description}` : ''}`,
    `For: ${rest['x-roles']}. Answers ${status}${kind}: ${form === 'undefined' ? 'nothing' : form}.`,
    ...(query.length > 0 ? [`Parameters:\n\n${table(query, 'parameter')}`] : []),
    ...(body ? [body.properties ? `Body:\n\n${fieldTable(body)}` : `Body: ${typeOf(body)}.`] : []),
  ].join('\n\n')
}

type TableRow = readonly [name: string, type: string, about: string]

function fieldTable(schema: Schema): string {
  if (!schema.properties) return `${typeOf({ ...schema })}${schema.description ? `: ${schema.description}` : ''}`
  const rows = Object.entries(schema.properties).map(([name, field]) =>
    row(name, schema.required?.includes(name) ?? false, field),
  )
  return rows.length > 0 ? table(rows, 'field') : 'An object without fields.'
}

function row(name: string, required: boolean, schema: Schema): TableRow {
  return [`\`${name}\`${required ? '' : ' (optional)'}`, typeOf(schema), schema.description ?? '']
}

function settingRows(schema: Schema, prefix: string): TableRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    if (field.properties && prefix.split('.').length < 3) return settingRows(field, `${path}.`)
    const about = field.description ?? ''
    const usual =
      field.default === undefined ? '' : `${about === '' ? '' : '; '}default \`${JSON.stringify(field.default)}\``
    return [[`\`${path}\``, typeOf(field), about + usual] as const]
  })
}

function table(rows: readonly TableRow[], first: string): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return [
    `| ${first} | form | meaning |`,
    '| --- | --- | --- |',
    ...rows.map(([name, type, about]) => `| ${name} | ${cell(type)} | ${cell(about)} |`),
  ].join('\n')
}

function typeOf(schema: Schema): string {
  const name = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref ?? '')?.[1]
  if (name) {
    const plain = name.replace(/Input$/, '')
    return `[${plain}](#${plain.toLowerCase()})`
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map(value => `\`${String(value)}\``).join(', ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([field, of]) => `${field}: ${typeOf(of)}`)
    return `{ ${fields.join(', ')} }`
  }
  if (schema.type === 'object') return 'object'
  if (schema.type === 'string') return 'text'
  return [schema.type ?? 'anything'].flat().join(' or ')
}

const OPENING = `# HTTP API

What \`usher serve\` answers. A running service shows the same at \`/docs\`, and as OpenAPI 3.1 at \`/docs/json\`. This page is made from it;
\`npx vitest run test/docs --update\` makes it anew. [Security](../guides/security.md) tells of tokens and roles, [the API of
Congress](../guides/congress-api.md) of the part under \`/v1\`.

**Requests** carry a token, as \`Authorization: Bearer TOKEN\` or \`X-Auth-Token: TOKEN\`. Bodies are JSON.

**Refusals** have one form, whatever went wrong:

\`\`\`json
{
  "error": {
    "code": "api/bad-request",
    "message": "\`body.mode\` is not as this route wants",
    "requestId": "req-0197…",
    "details": [{ "code": "api/bad-request", "field": "body.mode", "message": "expected one of …" }]
  }
}
\`\`\`

\`code\` is stable; [diagnostics](diagnostics.md) lists all. \`details\` names every field, and the place of a mistake in a policy. The id of the
request is also in the header \`X-Request-Id\`, and in the log. 400: the request is wrong. 401, 403: no token, or its role does not suffice.
404: nothing there. 409: the state of things forbids it. 412, 428: see below. 429: too often, \`Retry-After\` tells how long to wait. 500: our
fault. 503: something is away or overloaded; reading may go on while writing does not.

**Pages.** Lists give \`items\` and, where there is more, \`next\`: send it as \`?cursor=\`. \`?limit=\` is 100 unless told, 1000 at most.

**Changes of a policy** ask for \`If-Match\` with the \`ETag\` that it was read with. When somebody else was faster, the answer is 412 and nothing
is changed; without the header it is 428. \`If-Match: *\` overwrites whatever is there.

**Idempotency keys.** A POST with an \`Idempotency-Key\` (up to 128 characters, a UUID for example) can be sent again when its answer was
lost: it is carried out once, and the second answer is the first one, with \`Idempotency-Replayed: true\`. Answers are kept for a day. While
the first is under way, the second gets 409. A request that a dying process left unanswered can be sent again after ten minutes.

**Events.** \`GET /v2/events\` is a stream of server-sent events. Browsers and libraries come back by themselves with \`Last-Event-ID\`, and
get what they missed.

\`\`\`
id: 4711
event: violation
data: {"id":"4711","at":"2026-01-02T03:04:05.000Z","kind":"violation","data":{…}}
\`\`\``
