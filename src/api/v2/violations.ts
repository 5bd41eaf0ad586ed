import { z } from 'zod'
import { derivationJson, type ViolationFilter } from '../../control/index.ts'
import type { Value } from '../../tables/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found } from '../faults.ts'
import { derivation, flag, given, momentIn, pageOf, pageQuery, value } from '../schemas.ts'
import { authorsAndOperators, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'
import { exception, violation } from './views.ts'

const tag = 'violations'

export function violationEndpoints({ service: { violations, exceptions } }: V2Parts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      url: '/v2/violations',
      summary: 'List violations',
      tag,
      allow: viewers,
      query: {
        policy: idText.optional(),
        table: idText.optional().describe('full name'),
        role: z.enum(['error', 'warning']).optional(),
        value: z
          .string()
          .max(1000)
          .optional()
          .describe('some column has this value: JSON for numbers, booleans, null; anything else is text'),
        since: momentIn.optional().describe('began at or after it, ISO 8601'),
        history: flag.describe('past ones too'),
        ...pageQuery,
      },
      answer: pageOf(violation),
      handle({ query: { limit, cursor, value: text, ...rest } }) {
        const filter: ViolationFilter = { ...given(rest), ...(text === undefined ? {} : { value: readValue(text) }) }
        return violations.list(filter, given({ limit, cursor }))
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/violations/:violation',
      summary: 'Read a violation',
      tag,
      allow: viewers,
      params: { violation: idText },
      answer: violation,
      handle: async ({ params }) => found(await violations.get(params.violation), 'violation', params.violation),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/violations/:violation/explanation',
      summary: 'Explain a violation',
      description: 'A smallest derivation: the rules and rows it follows from. 404 when it no longer holds.',
      tag,
      allow: viewers,
      params: { violation: idText },
      answer: z.strictObject({ derivation }),
      async handle({ params }) {
        const why = found(await violations.explain(params.violation), 'violation', params.violation)
        return { derivation: derivationJson(why) as z.output<typeof derivation> }
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/exceptions',
      summary: 'List exceptions',
      tag,
      allow: viewers,
      query: { expired: flag.describe('expired ones too'), ...pageQuery },
      answer: pageOf(exception),
      handle: ({ query }) => exceptions.list(given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/exceptions',
      summary: 'Make an exception',
      description: 'Violations that it covers stay listed, and are not acted upon until it ends.',
      tag,
      allow: authorsAndOperators,
      body: z.strictObject({
        policy: idText,
        table: idText,
        pattern: z.array(value).max(100).describe('an entry for each column; null stands for any value'),
        until: momentIn,
        because: z.string().min(1).max(10_000),
      }),
      status: 201,
      answer: exception,
      async handle({ body, actor, reply }) {
        const made = await exceptions.create(body, actor)
        reply.header('location', `/v2/exceptions/${encodeURIComponent(made.id)}`)
        return made
      },
    }),
    endpoint({
      method: 'DELETE',
      url: '/v2/exceptions/:exception',
      summary: 'End an exception',
      tag,
      allow: authorsAndOperators,
      params: { exception: idText },
      handle: ({ params, actor }) => exceptions.remove(params.exception, actor),
    }),
  ]
}

/** `?value=4` is the number, `?value="4"` the text, `?value=four` a text as well. */
function readValue(text: string): Value {
  try {
    return value.parse(JSON.parse(text))
  } catch {
    return text
  }
}
