import { z } from 'zod'
import type { PolicyDetail, PolicySummary, Service } from '../../control/index.ts'
import { type Endpoint, endpoint, idText } from '../endpoint.ts'
import { found, notFound, refuse } from '../faults.ts'
import { allOf } from '../paging.ts'
import { flag } from '../schemas.ts'
import { authors, isAllowed, operators, viewers } from '../security/roles.ts'
import { carryOut, executeBody } from './execute.ts'
import { rowsAnswer, rowsQuery, sendRows } from './rows.ts'
import { newRule, rule, shownRule } from './rules.ts'
import { congressTuples } from './tuples.ts'

const tag = 'congress'
const text = z.string().max(100_000)
const policy = z.strictObject({
  id: z.string(),
  name: z.string(),
  abbreviation: z.string(),
  description: z.string(),
  owner_id: z.string(),
  kind: z.string(),
})
const newPolicy = z
  .looseObject({
    name: z.string().min(1).max(255),
    description: z.string().max(10_000).nullish(),
    abbreviation: z.string().max(5).nullish(),
    kind: z.enum(['nonrecursive', 'database', 'action', 'materialized', 'z3']).nullish(),
    rules: z.array(newRule).max(10_000).nullish(),
  })
  .nullish()
const simulateBody = z.looseObject({
  query: text.optional(),
  sequence: z.string().max(1_000_000).optional(),
  action_policy: z.string().max(256).nullish(),
})
const tableAnswer = z.strictObject({ id: z.string() })
const libraryPolicy = z.strictObject({
  ...policy.shape,
  rules: z.array(z.strictObject({ rule: z.string() })).optional(),
})

export function policyEndpoints(service: Service): readonly Endpoint[] {
  const { policies, tables } = service
  const base = { tag, params: { policy: idText } }
  return [
    endpoint({
      method: 'GET',
      url: '/v1/policies',
      summary: 'List policies',
      tag,
      allow: viewers,
      answer: z.strictObject({ results: z.array(policy) }),
      async handle() {
        const results: z.output<typeof policy>[] = []
        for await (const page of allOf(p => policies.list(p))) results.push(...page.map(shown))
        return { results }
      },
    }),
    endpoint({
      method: 'POST',
      url: '/v1/policies',
      summary: 'Make a policy: empty, with rules, or from the library',
      tag,
      allow: authors,
      query: { library_policy: idText.optional() },
      body: newPolicy,
      status: 201,
      answer: z.strictObject({ ...policy.shape, rules: z.array(rule).optional() }),
      async handle({ body, query, actor, reply }) {
        const draft = query.library_policy === undefined ? draftOf(body) : await fromLibrary(query.library_policy)
        const made = await policies.create(draft, actor)
        reply.header('location', `/v1/policies/${encodeURIComponent(made.id)}`)
        const rules = draft.text === '' ? {} : { rules: (await policies.rules(made.id)).map(shownRule) }
        return { ...shown(made), ...rules }
      },
    }),
    endpoint({
      ...base,
      method: 'GET',
      url: '/v1/policies/:policy',
      summary: 'Read a policy',
      allow: viewers,
      answer: policy,
      handle: async ({ params }) => shown(await named(params.policy)),
    }),
    endpoint({
      ...base,
      method: 'DELETE',
      url: '/v1/policies/:policy',
      summary: 'Remove a policy',
      allow: authors,
      answer: policy,
      async handle({ params, actor }) {
        const before = await named(params.policy)
        await policies.remove(before.id, {}, actor)
        return shown(before)
      },
    }),
    endpoint({
      ...base,
      method: 'POST',
      url: '/v1/policies/:policy',
      summary: 'Simulate changes, or carry out an action',
      description:
        '`?action=simulate` or `?action=execute`. Simulating takes the role `viewer`, carrying out `operator`.',
      allow: viewers,
      costly: true,
      query: { action: z.string().max(64).optional(), trace: flag, delta: flag },
      body: z.union([executeBody, simulateBody]).nullish(),
      answer: z.strictObject({ result: z.array(z.string()).optional(), trace: z.string().optional() }),
      async handle({ params, query, body, actor, request }) {
        const { id, name } = await named(params.policy)
        if (query.action === 'simulate') return simulate(name, simulateBody.parse(body ?? {}), query)
        if (query.action !== 'execute') return refuseAction(query.action)
        // Congress checks one role for a path; here the actions behind one path differ.
        if (!isAllowed(operators, request.caller, {}))
          refuse(403, 'api/not-allowed', 'carrying out an action takes the role `operator`')
        const wish = executeBody.safeParse(body)
        const [source, action, ...more] = wish.success ? wish.data.name.split(':') : []
        if (!wish.success || !source || !action || more.length > 0)
          refuse(400, 'api/bad-request', `the policy \`${id}\` executes \`SOURCE:ACTION\` only`, { field: 'body.name' })
        await carryOut(service, source.trim(), action.trim(), wish.data.args, actor)
        return {}
      },
    }),
    endpoint({
      ...base,
      method: 'GET',
      url: '/v1/policies/:policy/status',
      summary: 'Read the status of a policy',
      allow: viewers,
      answer: z.strictObject({ name: z.string(), id: z.string() }),
      async handle({ params }) {
        const { name, id } = await named(params.policy)
        return { name, id }
      },
    }),
    endpoint({
      ...base,
      method: 'GET',
      url: '/v1/policies/:policy/tables',
      summary: 'List the tables of a policy',
      allow: viewers,
      answer: z.strictObject({ results: z.array(tableAnswer) }),
      handle: async ({ params }) => ({ results: (await tablesOf(params.policy)).map(id => ({ id })) }),
    }),
    endpoint({
      tag,
      method: 'GET',
      url: '/v1/policies/:policy/tables/:table',
      summary: 'Read a table of a policy',
      allow: viewers,
      params: { policy: idText, table: idText },
      answer: tableAnswer,
      async handle({ params }) {
        if (!(await tablesOf(params.policy)).includes(params.table)) notFound('table', params.table)
        return { id: params.table }
      },
    }),
    endpoint({
      tag,
      method: 'GET',
      url: '/v1/policies/:policy/tables/:table/rows',
      summary: 'Read the rows of a table of a policy',
      allow: viewers,
      params: { policy: idText, table: idText },
      query: rowsQuery,
      streams: 'application/json',
      answer: rowsAnswer,
      async handle({ params, query, reply }) {
        const { name } = await named(params.policy)
        return sendRows(service, `${name}:${params.table}`, query, reply)
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v1/librarypolicies',
      summary: 'List the policies of the library',
      tag,
      allow: viewers,
      query: { name: idText.optional(), include_rules: flag },
      answer: z.strictObject({ results: z.array(libraryPolicy) }),
      async handle({ query }) {
        const all = await policies.library()
        const wanted = query.name === undefined ? all : all.filter(({ name }) => name === query.name)
        return { results: wanted.map(one => shownLibrary(one, query.include_rules ?? true)) }
      },
    }),
    endpoint({
      method: 'GET',
      url: '/v1/librarypolicies/:policy',
      summary: 'Read a policy of the library',
      tag,
      allow: viewers,
      params: { policy: idText },
      query: { include_rules: flag },
      answer: libraryPolicy,
      handle: async ({ params, query }) => shownLibrary(await inLibrary(params.policy), query.include_rules ?? true),
    }),
  ]

  async function named(id: string): Promise<PolicyDetail> {
    return found(await policies.get(id), 'policy', id)
  }

  async function inLibrary(name: string) {
    return found(
      (await policies.library()).find(one => one.name === name),
      'policy of the library',
      name,
    )
  }

  async function fromLibrary(name: string) {
    const { description, text: rules } = await inLibrary(name)
    return { name, description, text: rules }
  }

  /** Names without the policy's own. */
  async function tablesOf(id: string): Promise<readonly string[]> {
    const { name } = await named(id)
    const prefix = `${name}:`
    return (await tables.ofPolicy(name)).map(t => (t.name.startsWith(prefix) ? t.name.slice(prefix.length) : t.name))
  }

  async function simulate(
    name: string,
    { query, sequence, action_policy }: z.output<typeof simulateBody>,
    { delta, trace }: { delta?: boolean | undefined; trace?: boolean | undefined },
  ) {
    if (query === undefined || sequence === undefined || action_policy === undefined || action_policy === null)
      refuse(400, 'api/bad-request', 'simulate needs `query`, `sequence` and `action_policy`', { field: 'body' })
    const answer = await tables.simulate({
      policy: name,
      query,
      sequence,
      actionPolicy: action_policy,
      ...(delta ? { delta } : {}),
      ...(trace ? { trace } : {}),
    })
    return { ...answer, result: congressTuples(query, answer.result) }
  }
}

export function refuseAction(action: string | undefined): never {
  if (action === undefined)
    refuse(400, 'api/bad-request', 'the parameter `action` is missing', { field: 'query.action' })
  refuse(501, 'api/not-supported', `there is no action \`${action}\` here`, { field: 'query.action' })
}

function shown({ id, name, description, changedBy }: PolicySummary): z.output<typeof policy> {
  return { id, name, abbreviation: name.slice(0, 5), description, owner_id: changedBy, kind: 'nonrecursive' }
}

function shownLibrary(one: { name: string; description: string; text: string }, rules: boolean) {
  const { name, description, text: whole } = one
  const head = { id: name, name, abbreviation: name.slice(0, 5), description, owner_id: 'system', kind: 'nonrecursive' }
  return { ...head, ...(rules ? { rules: [{ rule: whole }] } : {}) }
}

/** A policy of Congress's form, as a text: name and comment of a rule are comment lines above it. */
function draftOf(body: z.output<typeof newPolicy>) {
  if (!body) refuse(400, 'api/bad-request', 'a policy needs a name', { field: 'body.name' })
  const lines = (body.rules ?? []).map(({ rule: ruleText, name, comment }) =>
    [...(name ? [`@name ${name}`] : []), ...(comment ? comment.split('\n') : [])]
      .map(line => `// ${line.trim()}\n`)
      .join('')
      .concat(ruleText.trim(), '\n'),
  )
  return { name: body.name, description: body.description ?? '', text: lines.join('') }
}
