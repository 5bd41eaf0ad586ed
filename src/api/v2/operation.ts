import { z } from 'zod'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { withoutNames } from '../faults.ts'
import { given, moment, pageOf, pageQuery } from '../schemas.ts'
import { admins, everyone, ROLES, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'

const tag = 'operation'

export function operationEndpoints({ service, metrics, version }: V2Parts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      url: '/v2/health/live',
      summary: 'Say that the process answers',
      tag,
      allow: everyone,
      vital: true,
      answer: z.strictObject({ live: z.literal(true) }),
      handle: () => ({ live: true as const }),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/health/ready',
      summary: 'Say whether the service is ready, and why not',
      description: 'Status 503 while it is not.',
      alsoStatus: [503],
      tag,
      allow: everyone,
      vital: true,
      answer: z.strictObject({
        ready: z.boolean(),
        reasons: z.array(z.strictObject({ part: z.string(), message: z.string() })),
      }),
      async handle({ reply }) {
        const health = await service.health()
        if (!health.ready) reply.code(503)
        // Open to everyone, so without the address of the database.
        const reasons = health.reasons.map(reason =>
          reason.part === 'database' ? { ...reason, message: withoutNames(reason.message) } : reason,
        )
        return { ...health, reasons }
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/version',
      summary: 'Say which version this is',
      tag,
      allow: everyone,
      answer: z.strictObject({ version: z.string() }),
      handle: () => ({ version }),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/me',
      summary: 'Say who the token belongs to and what it may do',
      tag,
      allow: viewers,
      answer: z.strictObject({ id: z.string(), roles: z.array(z.enum(ROLES)) }),
      handle: ({ request }) => ({ id: request.caller.id, roles: [...request.caller.roles] }),
    }),
    endpoint({
      method: 'GET',
      url: '/metrics',
      summary: 'Metrics for Prometheus',
      tag,
      allow: viewers,
      vital: true,
      streams: 'text/plain',
      answer: z.string(),
      async handle({ reply }) {
        await reply.type(metrics.contentType).send(await metrics.text())
        return ''
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/audit',
      summary: 'List who changed what',
      tag,
      allow: admins,
      query: { subject: idText.optional().describe('what was changed, for example a policy’s id'), ...pageQuery },
      answer: pageOf(
        z.strictObject({
          id: z.string(),
          at: moment,
          actor: z.string(),
          action: z.string(),
          subject: z.string(),
          before: z.unknown().optional(),
          after: z.unknown().optional(),
        }),
      ),
      handle: ({ query }) => service.audit(given(query)),
    }),
  ]
}
