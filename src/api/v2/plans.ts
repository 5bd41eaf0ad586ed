import { z } from 'zod'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found } from '../faults.ts'
import { pageOfList } from '../paging.ts'
import { given, moment, pageOf, pageQuery, row, seconds, value } from '../schemas.ts'
import { operators, viewers } from '../security/roles.ts'
import type { V2Parts } from './index.ts'

const tag = 'plans'
const state = z.enum([
  'waiting',
  'approved',
  'rejected',
  'expired',
  'superseded',
  'running',
  'done',
  'failed',
  'shadow',
])
const summaryFields = {
  id: z.string(),
  domain: z.string(),
  mode: z.enum(['monitor', 'advise', 'enforce', 'shadow']).describe('of the policies for which it was made'),
  state,
  createdAt: moment,
  expiresAt: moment.optional().describe('when it can no longer be approved'),
  decidedBy: z.string().optional(),
  reason: z.string().optional(),
  execution: z.string().optional().describe('the workflow execution that carries it out'),
  moves: z.number(),
  errorsBefore: z.number(),
  errorsAfter: z.number(),
  cost: z.number(),
}
const summary = z.strictObject(summaryFields).meta({ id: 'PlanSummary' })
const cycle = z
  .strictObject({
    id: z.string(),
    domain: z.string(),
    trigger: z.enum(['cron', 'event', 'demand']),
    stage: z.enum(['evaluate', 'decide', 'place', 'plan', 'approve', 'run', 'verify', 'ended']),
    outcome: z.string().optional(),
    plan: z.string().optional(),
    startedAt: moment,
    endedAt: moment.optional(),
  })
  .meta({ id: 'Cycle' })

export function planEndpoints({
  service: { plans, placements },
  settings,
  planReport,
  placementReport,
}: V2Parts): readonly Endpoint[] {
  const detail = z
    .strictObject({
      ...summaryFields,
      report: planReport,
      compared: z
        .strictObject({ moved: z.number(), same: z.number(), other: z.number() })
        .optional()
        .describe('of a shadow plan: what happened to the same VMs since'),
    })
    .meta({ id: 'Plan' })
  return [
    endpoint({
      method: 'GET',
      url: '/v2/plans',
      summary: 'List plans',
      tag,
      allow: viewers,
      query: { state: state.optional(), domain: idText.optional(), ...pageQuery },
      answer: pageOf(summary),
      handle: ({ query: { limit, cursor, ...filter } }) => plans.list(given(filter), given({ limit, cursor })),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/plans/:plan',
      summary: 'Read a plan, with every move and why',
      tag,
      allow: viewers,
      params: { plan: idText },
      answer: detail,
      handle: async ({ params }) => found(await plans.get(params.plan), 'plan', params.plan),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/plans/:plan/approve',
      summary: 'Approve a plan, which is then carried out',
      description: 'Refused with 409 when the world has changed so that the plan no longer holds.',
      tag,
      allow: operators,
      params: { plan: idText },
      answer: detail,
      handle: ({ params, actor }) => plans.approve(params.plan, actor),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/plans/:plan/reject',
      summary: 'Reject a plan',
      tag,
      allow: operators,
      params: { plan: idText },
      body: z.strictObject({ reason: z.string().min(1).max(10_000) }),
      answer: detail,
      handle: ({ params, body, actor }) => plans.reject(params.plan, body.reason, actor),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/plans/:plan/diff',
      summary: 'Compare a plan with another',
      description: 'VMs that only one of them moves, or that they move elsewhere.',
      tag,
      allow: viewers,
      params: { plan: idText },
      query: { to: idText.describe('the other plan'), ...pageQuery },
      answer: pageOf(z.strictObject({ vm: value, from: value.optional(), to: value.optional() })),
      async handle({ params, query: { to, ...page } }) {
        return pageOfList(await plans.diff(params.plan, to), given(page))
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v2/placements',
      summary: 'List where the VMs are',
      tag,
      allow: viewers,
      query: { host: idText.optional(), ...pageQuery },
      answer: pageOf(z.strictObject({ vm: value, host: value })),
      handle: ({ query }) => placements.list(given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/placements/recommend',
      summary: 'Find hosts for new VMs',
      description: 'The VMs are described by rows of the tables that describe those that exist. Nothing is changed.',
      tag,
      allow: viewers,
      costly: true,
      body: z.strictObject({
        vms: z.array(idText).min(1).max(10_000),
        rows: z.array(z.strictObject({ table: idText, row })).max(100_000),
        moveOthers: z.boolean().optional().describe('VMs that exist may move too'),
        seconds: seconds.optional(),
      }),
      answer: placementReport,
      handle: ({ body }) =>
        placements.recommend({
          ...given(body),
          seconds: Math.min(body.seconds ?? 10, settings.limits.evaluationSeconds),
        }),
    }),
    endpoint({
      method: 'GET',
      url: '/v2/cycles',
      summary: 'List cycles: evaluate, decide, place, plan, approve, run, verify',
      tag,
      allow: viewers,
      query: pageQuery,
      answer: pageOf(cycle),
      handle: ({ query }) => placements.cycles(given(query)),
    }),
    endpoint({
      method: 'POST',
      url: '/v2/cycles',
      summary: 'Start a cycle now',
      tag,
      allow: operators,
      body: z.strictObject({ domain: idText.optional().describe('a placement domain; default: the only one') }),
      status: 202,
      answer: cycle,
      handle: ({ body, actor }) => placements.run(body.domain, actor),
    }),
  ]
}
