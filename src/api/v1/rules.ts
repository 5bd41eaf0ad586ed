import { z } from 'zod'
import type { PolicyRule, Service } from '../../control/index.ts'
import { DiagnosticError } from '../../diagnostic/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found, refuse } from '../faults.ts'
import { authors, viewers } from '../security/roles.ts'

const tag = 'congress'
export const rule = z.strictObject({
  id: z.string(),
  rule: z.string(),
  name: z.string().nullable(),
  comment: z.string().nullable(),
})
export const newRule = z.looseObject({
  rule: z.string().min(1).max(100_000),
  name: z.string().max(255).nullish(),
  comment: z.string().max(10_000).nullish(),
})

/** How often adding or removing a rule is tried again when others changed the policy meanwhile: Congress's clients send no ETag. */
const TRIES = 5

export function ruleEndpoints({ policies }: Service): readonly Endpoint[] {
  const base = { tag, params: { policy: idText } }
  return [
    endpoint({
      ...base,
      method: 'GET',
      url: '/v1/policies/:policy/rules',
      summary: 'List rules',
      allow: viewers,
      answer: z.strictObject({ results: z.array(rule) }),
      handle: async ({ params }) => ({ results: (await policies.rules(params.policy)).map(shownRule) }),
    }),
    endpoint({
      ...base,
      method: 'POST',
      url: '/v1/policies/:policy/rules',
      summary: 'Add a rule',
      allow: authors,
      body: newRule,
      status: 201,
      answer: rule,
      async handle({ params, body, actor, reply }) {
        const { rule: ruleText, name, comment } = body
        const wanted = { rule: ruleText, ...(name ? { name } : {}), ...(comment ? { comment } : {}) }
        const present = await policies.rules(params.policy)
        if (present.some(one => one.rule.trim() === ruleText.trim()))
          refuse(409, 'api/rule-exists', 'the policy has this rule already')
        const made = await insisting(() => policies.insertRule(params.policy, wanted, {}, actor))
        reply.header('location', `/v1/policies/${encodeURIComponent(params.policy)}/rules/${made.id}`)
        return shownRule(made)
      },
    }),
    ...(['', '/status'] as const).map(end =>
      endpoint({
        tag,
        method: 'GET',
        url: `/v1/policies/:policy/rules/:rule${end}`,
        summary: end === '' ? 'Read a rule' : 'Read the status of a rule',
        allow: viewers,
        params: { policy: idText, rule: idText },
        answer: z.union([rule, z.strictObject({ ...rule.omit({ rule: true }).shape, original_str: z.string() })]),
        async handle({ params }) {
          const rules = await policies.rules(params.policy)
          const one = shownRule(
            found(
              rules.find(({ id }) => id === params.rule),
              'rule',
              params.rule,
            ),
          )
          if (end === '') return one
          const { rule: original_str, ...rest } = one
          return { ...rest, original_str }
        },
      }),
    ),
    endpoint({
      tag,
      method: 'DELETE',
      url: '/v1/policies/:policy/rules/:rule',
      summary: 'Remove a rule',
      allow: authors,
      params: { policy: idText, rule: idText },
      answer: rule,
      handle: async ({ params, actor }) =>
        shownRule(await insisting(() => policies.removeRule(params.policy, params.rule, {}, actor))),
    }),
  ]
}

/** Run a change that names no version until nobody was faster. */
async function insisting<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await work()
    } catch (error) {
      const overtaken =
        error instanceof DiagnosticError && error.diagnostics[0]?.code === 'control/policy-changed-meanwhile'
      if (!overtaken || tries >= TRIES) throw error
    }
}

export function shownRule({ id, rule: ruleText, name, comment }: PolicyRule): z.output<typeof rule> {
  return { id, rule: ruleText, name: name ?? null, comment: comment ?? null }
}
