import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PolicyDetail } from '../../control/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found } from '../faults.ts'
import { guardOf, isKnown } from '../guard.ts'
import { pageOfList } from '../paging.ts'
import { diagnostic, given, moment, pageOf, pageQuery, seconds } from '../schemas.ts'
import { authors, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'
import { violation } from './views.ts'

const tag = 'policies'
const mode = z.enum(['monitor', 'advise', 'enforce', 'shadow'])
const policyName = z
  .string()
  .regex(/^[A-Za-z_][\w.]{0,127}$/, 'expected a name: letters, digits, `_` and `.`, not beginning with a digit')
const policyText = z.string().max(1_000_000)

const draftFields = {
  name: policyName,
  text: policyText.describe('rules, in the policy language'),
  description: z.string().max(10_000).optional(),
  mode: mode.optional().describe('default `monitor`'),
  active: z.boolean().optional().describe('whether it is evaluated; default true'),
}
const draft = z.strictObject(draftFields).meta({ id: 'PolicyDraft' })
const change = z
  .strictObject({ ...draftFields, name: policyName.optional(), text: policyText.optional() })
  .refine(fields => Object.keys(fields).length > 0, 'expected at least one field to change')

const summaryFields = {
  id: z.string(),
  name: z.string(),
  description: z.string(),
  mode,
  active: z.boolean(),
  version: z.number(),
  etag: z.string(),
  createdAt: moment,
  changedAt: moment,
  changedBy: z.string(),
  stopped: diagnostic.optional().describe('why it is not evaluated, though it is active'),
}
const summary = z.strictObject(summaryFields).meta({ id: 'PolicySummary' })
const policy = z.strictObject({ ...summaryFields, text: z.string() }).meta({ id: 'Policy' })
const rule = z
  .strictObject({ id: z.string(), name: z.string().optional(), comment: z.string().optional(), rule: z.string() })
  .meta({ id: 'Rule' })
const newRule = z.strictObject({
  rule: z.string().min(1).max(100_000),
  name: z.string().max(256).optional(),
  comment: z.string().max(10_000).optional(),
})

export function policyEndpoints({ service, settings, planReport }: V2Parts): readonly Endpoint[] {
  const { policies, tables } = service
  const withTag = <T extends PolicyDetail>(reply: FastifyReply, p: T): T => {
    reply.header('etag', `"${p.etag}"`)
    return p
  }
  const guard = (request: FastifyRequest, id: string) => guardOf(request, async () => (await policies.get(id))?.etag)
  const limited = (wanted: number | undefined) => Math.min(wanted ?? 10, settings.limits.evaluationSeconds)

  return [
    endpoint({
      method: 'GET',
      url: '/v2/policies',
      summary: 'List policies',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(summary),
      handle: ({ query }) => policies.list(given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/policies',
      summary: 'Make a policy',
      description: 'Refused when its text can not be evaluated among the policies that are active.',
      tag,
      allow: authors,
      body: draft,
      status: 201,
      answer: policy,
      async handle({ body, actor, reply }) {
        const made = await policies.create(given(body), actor)
        reply.header('location', `/v2/policies/${encodeURIComponent(made.id)}`)
        return withTag(reply, made)
      },
    }),
    endpoint({
      method: 'POST',
      url: '/v2/policies/validate',
      summary: 'Say what is wrong with a text',
      tag,
      allow: viewers,
      body: draft,
      costly: true,
      answer: z.strictObject({ valid: z.boolean(), diagnostics: z.array(diagnostic) }),
      async handle({ body }) {
        const diagnostics = await policies.validate(given(body))
        return { valid: diagnostics.every(d => d.severity !== 'error'), diagnostics }
      },
    }),
    endpoint({
      method: 'POST',
      url: '/v2/policies/preview',
      summary: 'Show what would change with a text',
      description: 'Over the live tables or a recorded snapshot; nothing is changed.',
      tag,
      allow: viewers,
      body: z.strictObject({
        draft,
        snapshot: idText.optional(),
        plan: z.boolean().optional().describe('make the plan too; default true'),
        seconds: seconds.optional(),
      }),
      costly: true,
      answer: z.strictObject({
        diagnostics: z.array(diagnostic),
        appear: z.array(violation),
        vanish: z.array(violation),
        plan: planReport.optional(),
      }),
      handle: ({ body }) =>
        policies.preview({ ...given(body), draft: given(body.draft), seconds: limited(body.seconds) }),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/policies/:policy',
      summary: 'Read a policy',
      description: 'By id or name. The `ETag` is asked for again when it is changed.',
      tag,
      allow: viewers,
      params: { policy: idText },
      answer: policy,
      async handle({ params, request, reply }) {
        const one = withTag(reply, await named(params.policy))
        if (isKnown(request, one.etag)) reply.code(304)
        return one
      },
    }),
    endpoint({
      method: 'PATCH',
      url: '/v2/policies/:policy',
      summary: 'Change a policy',
      description: 'What is given is changed. A text that can not be evaluated is refused, and the old one stays.',
      tag,
      allow: authors,
      guarded: true,
      params: { policy: idText },
      body: change,
      answer: policy,
      handle: async ({ params, body, request, reply, actor }) =>
        withTag(reply, await policies.change(params.policy, given(body), await guard(request, params.policy), actor)),
    }),
    ...(['activate', 'deactivate'] as const).map(word =>
      endpoint({
        method: 'POST',
        url: `/v2/policies/:policy/${word}`,
        summary: word === 'activate' ? 'Evaluate a policy from now on' : 'Stop evaluating a policy',
        tag,
        allow: authors,
        guarded: true,
        params: { policy: idText },
        answer: policy,
        handle: async ({ params, request, reply, actor }) =>
          withTag(
            reply,
            await policies.change(
              params.policy,
              { active: word === 'activate' },
              await guard(request, params.policy),
              actor,
            ),
          ),
      }),
    ),
    endpoint({
      method: 'DELETE',
      url: '/v2/policies/:policy',
      summary: 'Remove a policy',
      tag,
      allow: authors,
      guarded: true,
      params: { policy: idText },
      handle: async ({ params, request, actor }) =>
        policies.remove(params.policy, await guard(request, params.policy), actor),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/policies/:policy/versions',
      summary: 'List the versions of a policy',
      tag,
      allow: viewers,
      params: { policy: idText },
      query: pageQuery,
      answer: pageOf(policy),
      handle: ({ params, query }) => policies.versions(params.policy, given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/policies/:policy/roll-back',
      summary: 'Go back to an earlier version',
      description: 'Its text becomes the present one, as a new version.',
      tag,
      allow: authors,
      guarded: true,
      params: { policy: idText },
      body: z.strictObject({ version: z.number().int().positive() }),
      answer: policy,
      handle: async ({ params, body, request, reply, actor }) =>
        withTag(
          reply,
          await policies.rollBack(params.policy, body.version, await guard(request, params.policy), actor),
        ),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/policies/:policy/rules',
      summary: 'List the rules of a policy',
      tag,
      allow: viewers,
      params: { policy: idText },
      query: pageQuery,
      answer: pageOf(rule),
      handle: async ({ params, query }) => pageOfList(await policies.rules(params.policy), given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/policies/:policy/rules',
      summary: 'Add a rule to a policy',
      tag,
      allow: authors,
      guarded: true,
      params: { policy: idText },
      body: newRule,
      status: 201,
      answer: rule,
      handle: async ({ params, body, request, actor }) =>
        policies.insertRule(params.policy, given(body), await guard(request, params.policy), actor),
    }),
    endpoint({
      method: 'DELETE',
      url: '/v2/policies/:policy/rules/:rule',
      summary: 'Remove a rule from a policy',
      tag,
      allow: authors,
      guarded: true,
      params: { policy: idText, rule: idText },
      answer: rule,
      handle: async ({ params, request, actor }) =>
        policies.removeRule(params.policy, params.rule, await guard(request, params.policy), actor),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/policies/:policy/tables',
      summary: 'List the tables that a policy defines',
      tag,
      allow: viewers,
      params: { policy: idText },
      query: pageQuery,
      answer: pageOf(z.strictObject({ name: z.string(), columns: z.array(z.string()), count: z.number() })),
      handle: async ({ params, query }) => pageOfList(await tables.ofPolicy(params.policy), given(query)),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/library',
      summary: 'List the policies of the library',
      description: 'Texts to begin with; they can be read and copied, not changed.',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(z.strictObject({ name: z.string(), description: z.string(), text: z.string() })),
      handle: async ({ query }) => pageOfList(await policies.library(), given(query)),
    }),
  ]

  async function named(id: string): Promise<PolicyDetail> {
    return found(await policies.get(id), 'policy', id)
  }
}
