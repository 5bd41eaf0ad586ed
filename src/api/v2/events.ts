import { z } from 'zod'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { refuse } from '../faults.ts'
import { given, pageOf, pageQuery } from '../schemas.ts'
import { isAllowedHost } from '../security/outgoing.ts'
import { operators, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'

const tag = 'events'
const KINDS = ['violation', 'cost', 'placement', 'plan', 'workflow', 'policy', 'freshness'] as const
const kind = z.enum(KINDS)

const event = z
  .strictObject({ id: z.string(), at: z.string(), kind, data: z.record(z.string(), z.unknown()) })
  .meta({ id: 'Event' })
const kinds = z
  .string()
  .max(200)
  .transform((text, context) => {
    const read = z
      .array(kind)
      .min(1)
      .safeParse(text.split(',').map(word => word.trim()))
    if (read.success) return new Set(read.data)
    context.addIssue({ code: 'custom', message: `expected some of ${KINDS.join(', ')}, with commas between` })
    return z.NEVER
  })
const webhook = z
  .strictObject({ id: z.string(), url: z.string(), kinds: z.array(kind), createdBy: z.string() })
  .meta({ id: 'Webhook' })

export function eventEndpoints({ service: { webhooks }, settings, streams }: V2Parts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      url: '/v2/events',
      summary: 'Follow what happens, as server-sent events',
      description:
        'Each event has the id, the kind as `event`, and one JSON object as `data`. A client that comes back with `Last-Event-ID` gets ' +
        'what it missed first. When that is no longer kept, an event of kind `policy` with the data `{ missed: true }` comes instead: ' +
        'read everything again then.',
      tag,
      allow: viewers,
      vital: true,
      streams: 'text/event-stream',
      query: {
        kinds: kinds.optional().describe(`some of ${KINDS.join(', ')}, with commas between; default: all`),
        after: idText.optional().describe('the same as the header `Last-Event-ID`'),
      },
      answer: event,
      handle({ query, request, reply }) {
        const header = request.headers['last-event-id']
        const after = typeof header === 'string' && header !== '' ? header : query.after
        if (after !== undefined && !/^[\w.:-]{1,100}$/.test(after))
          refuse(400, 'api/bad-request', 'the id of the last event is not one of an event', {
            field: 'headers.last-event-id',
          })
        streams.open(request, reply, given({ after, kinds: query.kinds }))
        return undefined as never
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/webhooks',
      summary: 'List webhooks',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(webhook),
      handle: ({ query }) => webhooks.list(given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/webhooks',
      summary: 'Have events sent to another service',
      description:
        'Each request carries the HMAC-SHA256 of its body under the secret, which is never shown again. Only hosts that the ' +
        'configuration names are sent anything.',
      tag,
      allow: operators,
      body: z.strictObject({
        url: z.url({ protocol: /^https?$/, normalize: true }).max(2000),
        kinds: z.array(kind).min(1).max(KINDS.length),
        secret: z.string().min(16).max(256),
      }),
      status: 201,
      answer: webhook,
      async handle({ body, actor, reply }) {
        if (!isAllowedHost(body.url, settings.outgoingHosts))
          refuse(400, 'api/host-not-allowed', `nothing is sent to \`${new URL(body.url).host}\``, {
            field: 'body.url',
            help: 'an administrator can add the host to `api.outgoingHosts`',
          })
        const made = await webhooks.create(body, actor)
        reply.header('location', `/v2/webhooks/${encodeURIComponent(made.id)}`)
        return made
      },
    }),
    endpoint({
      method: 'DELETE',
      url: '/v2/webhooks/:webhook',
      summary: 'Remove a webhook',
      tag,
      allow: operators,
      params: { webhook: idText },
      handle: ({ params, actor }) => webhooks.remove(params.webhook, actor),
    }),
  ]
}
