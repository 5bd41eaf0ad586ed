import type {
  Actor,
  AuditEntry,
  ChangeGuard,
  CycleView,
  ExceptionView,
  Page,
  PageRequest,
  PlacementReport,
  PlanDetail,
  PlanReport,
  PolicyDetail,
  PolicyDraft,
  PolicyRule,
  Service,
  ServiceEvent,
  SourceView,
  ViolationView,
  WebhookView,
} from '../../control/index.ts'
import { type Diagnostic, fail } from '../../diagnostic/index.ts'
import type { Row } from '../../tables/index.ts'

/** A service in memory, for tests of the API: small, but it does what the interface says. */
export interface ServiceDouble extends Service {
  /** Writes throw `store/away` while this is true. */
  databaseAway: boolean
  /** The next call of anything throws this. */
  next?: unknown
  readonly policyTexts: ReadonlyMap<string, string>
  readonly pushed: ReadonlyMap<string, readonly (readonly unknown[])[]>
  emit(kind: ServiceEvent['kind'], data: Record<string, unknown>): ServiceEvent
}

const AT = '2026-01-02T03:04:05.000Z'
/** Events that are kept. */
const KEPT = 1000

export function createServiceDouble(): ServiceDouble {
  const policies = new Map<string, PolicyDetail[]>()
  const exceptions = new Map<string, ExceptionView>()
  const webhooks = new Map<string, WebhookView>()
  const snapshots = new Map<string, { id: string; createdAt: string; rows: number }>()
  const plans = new Map<string, PlanDetail>([planOf('plan-1'), planOf('plan-2')].map(p => [p.id, p]))
  const cycles: CycleView[] = []
  const pushed = new Map<string, readonly (readonly unknown[])[]>()
  const audit: AuditEntry[] = []
  const events: ServiceEvent[] = []
  const listeners = new Set<(event: ServiceEvent) => void>()
  const completed = new Set<string>()
  const execution = executionOf('execution-1')
  let made = 0
  const newId = (what: string): string => `${what}-${++made}`

  const write = (actor: Actor, action: string, subject: string, after?: unknown): void => {
    if (double.databaseAway) fail('store/away', 'the database at `db.example:5432` does not answer')
    audit.unshift({ id: newId('audit'), at: AT, actor: actor.id, action, subject, ...(after ? { after } : {}) })
  }
  const current = (idOrName: string): PolicyDetail | undefined =>
    policies.get(idOrName)?.at(-1) ?? [...policies.values()].map(v => v.at(-1)!).find(p => p.name === idOrName)
  const known = (idOrName: string): PolicyDetail =>
    current(idOrName) ?? fail('control/unknown-policy', `there is no policy \`${idOrName}\``)
  const guarded = (idOrName: string, guard: ChangeGuard): PolicyDetail => {
    const policy = known(idOrName)
    if (guard.etag !== undefined && guard.etag !== policy.etag)
      fail('control/policy-changed-meanwhile', `the policy \`${policy.name}\` was changed meanwhile`)
    return policy
  }
  const put = (before: PolicyDetail | undefined, draft: Partial<PolicyDraft>, actor: Actor): PolicyDetail => {
    if (draft.text?.includes('!!')) throw notRules()
    const id = before?.id ?? newId('policy')
    const version = (before?.version ?? 0) + 1
    const after: PolicyDetail = {
      ...{ name: '', description: '', mode: 'monitor', active: true, text: '', createdAt: AT },
      ...before,
      ...draft,
      ...{ id, version, etag: `${id}.${version}`, changedAt: AT, changedBy: actor.id },
    }
    policies.set(id, [...(policies.get(id) ?? []), after])
    return after
  }
  const rulesOf = ({ text }: PolicyDetail): PolicyRule[] => {
    const rules: PolicyRule[] = []
    let name: string | undefined
    for (const line of text.split('\n')) {
      if (line.startsWith('// @name ')) name = line.slice('// @name '.length)
      if (line === '' || line.startsWith('//')) continue
      rules.push({ id: `rule-${rules.length + 1}`, rule: line, ...(name === undefined ? {} : { name }) })
      name = undefined
    }
    return rules
  }
  const failIfTold = (): void => {
    const { next } = double
    delete double.next
    if (next !== undefined) throw next
  }

  const double: ServiceDouble = {
    databaseAway: false,
    get policyTexts() {
      return new Map([...policies.values()].map(v => [v.at(-1)!.name, v.at(-1)!.text]))
    },
    pushed,
    emit(kind, data) {
      const event = { id: String(events.length + 1), at: AT, kind, data }
      events.push(event)
      for (const listener of listeners) listener(event)
      return event
    },
    policies: {
      async list(request) {
        failIfTold()
        return pageOf(
          [...policies.values()].map(v => {
            const { text: _, ...summary } = v.at(-1)!
            return summary
          }),
          request,
        )
      },
      async get(idOrName) {
        failIfTold()
        return current(idOrName)
      },
      async create(draft, actor) {
        if (current(draft.name)) fail('control/policy-exists', `there is a policy \`${draft.name}\` already`)
        write(actor, 'policy.create', draft.name, draft)
        return put(undefined, draft, actor)
      },
      async change(idOrName, change, guard, actor) {
        const before = guarded(idOrName, guard)
        write(actor, 'policy.change', before.name, change)
        return put(before, change, actor)
      },
      async remove(idOrName, guard, actor) {
        const before = guarded(idOrName, guard)
        write(actor, 'policy.remove', before.name)
        policies.delete(before.id)
      },
      async versions(idOrName, request) {
        return pageOf([...policies.get(known(idOrName).id)!].reverse(), request)
      },
      async rollBack(idOrName, version, guard, actor) {
        const before = guarded(idOrName, guard)
        const old = policies.get(before.id)!.find(p => p.version === version)
        if (!old) return fail('control/unknown-version', `the policy has no version ${version}`)
        write(actor, 'policy.change', before.name)
        return put(before, { text: old.text }, actor)
      },
      validate: async draft => (draft.text.includes('!!') ? [SYNTAX] : []),
      async preview({ draft }) {
        if (draft.text.includes('!!')) return { diagnostics: [SYNTAX], appear: [], vanish: [] }
        return { diagnostics: [], appear: [violation('violation-3')], vanish: [], plan: reportOf() }
      },
      rules: async idOrName => rulesOf(known(idOrName)),
      async insertRule(idOrName, rule, guard, actor) {
        const before = guarded(idOrName, guard)
        write(actor, 'policy.change', before.name)
        const name = rule.name === undefined ? '' : `// @name ${rule.name}\n`
        return rulesOf(put(before, { text: `${before.text}${name}${rule.rule}\n` }, actor)).at(-1)!
      },
      async removeRule(idOrName, id, guard, actor) {
        const before = guarded(idOrName, guard)
        const rule = rulesOf(before).find(r => r.id === id)
        if (!rule) return fail('control/unknown-rule', `the policy has no rule \`${id}\``)
        write(actor, 'policy.change', before.name)
        put(before, { text: before.text.replace(`${rule.rule}\n`, '') }, actor)
        return rule
      },
      library: async () => [{ name: 'ha', description: 'Pairs apart.', text: 'error(x) :- p(x)\n' }],
    },
    violations: {
      async list(filter, request) {
        return pageOf(
          ['violation-1', 'violation-2'].map(violation).filter(v => !filter.policy || v.policy === filter.policy),
          request,
        )
      },
      get: async id => (id === 'violation-1' ? violation(id) : undefined),
      explain: async id =>
        id === 'violation-1'
          ? { kind: 'row', tuple: { table: 'nova:servers', row: ['vm-1'] }, provenance: undefined }
          : undefined,
    },
    exceptions: {
      list: async request => pageOf([...exceptions.values()], request),
      async create(exception, actor) {
        write(actor, 'exception.create', exception.policy, exception)
        const one = { ...exception, id: newId('exception'), createdBy: actor.id, createdAt: AT }
        exceptions.set(one.id, one)
        return one
      },
      async remove(id, actor) {
        if (!exceptions.has(id)) fail('control/unknown-exception', `there is no exception \`${id}\``)
        write(actor, 'exception.remove', id)
        exceptions.delete(id)
      },
    },
    tables: {
      ofPolicy: async idOrName => [{ name: `${known(idOrName).name}:error`, columns: ['vm'], count: 2 }],
      sources: async () => [sourceOf()],
      source: async idOrName => (['nova', 'source-1'].includes(idOrName) ? sourceOf() : undefined),
      async rows(table, { trace, ...request }) {
        if (table.endsWith(':none')) return undefined
        const tuple = (row: Row) => ({ kind: 'row' as const, tuple: { table, row }, provenance: undefined })
        const rows: Row[] = Array.from({ length: 2500 }, (_, i) => [`vm-${i}`, i])
        const page = pageOf(rows, request)
        return { ...page, items: page.items.map(row => ({ row, ...(trace ? { derivation: tuple(row) } : {}) })) }
      },
      async push(source, table, rows, actor) {
        if (source !== 'nova') fail('control/unknown-source', `there is no data source \`${source}\``)
        write(actor, 'rows.push', `${source}:${table}`)
        pushed.set(`${source}:${table}`, rows)
      },
      refresh: async (source, actor) => write(actor, 'source.refresh', source),
      async execute(source, action, input, actor) {
        write(actor, 'action.execute', `${source}:${action}`, input)
        return newId('execution')
      },
      async simulate({ query, trace }) {
        if (query.includes('!!')) throw notRules()
        return { result: [`${query} 1`], ...(trace ? { trace: 'why' } : {}) }
      },
    },
    plans: {
      async list({ state }, request) {
        const summaries = [...plans.values()].map(({ report: _r, compared: _c, ...summary }) => summary)
        return pageOf(
          summaries.filter(p => !state || p.state === state),
          request,
        )
      },
      get: async id => plans.get(id),
      approve: async (id, actor) => decide(id, actor, { state: 'approved', decidedBy: actor.id }),
      reject: async (id, reason, actor) => decide(id, actor, { state: 'rejected', decidedBy: actor.id, reason }),
      async diff(from, to) {
        for (const id of [from, to]) if (!plans.has(id)) fail('control/unknown-plan', `there is no plan \`${id}\``)
        return from === to ? [] : [{ vm: 'vm-1', from: 'host-1', to: 'host-2' }]
      },
    },
    placements: {
      list: async request => pageOf([{ vm: 'vm-1', host: request.host ?? 'host-1' }], request),
      async run(domain, actor) {
        write(actor, 'cycle.run', domain ?? 'all')
        const cycle: CycleView = {
          ...{ id: newId('cycle'), domain: domain ?? 'all', trigger: 'demand', stage: 'evaluate', startedAt: AT },
        }
        cycles.push(cycle)
        return cycle
      },
      cycles: async request => pageOf(cycles, request),
      recommend: async ({ vms }) => placementOf(vms),
    },
    snapshots: {
      list: async request => pageOf([...snapshots.values()], request),
      async record(actor) {
        write(actor, 'snapshot.record', 'all')
        const id = newId('snapshot')
        snapshots.set(id, { id, createdAt: AT, rows: 2 })
        return { id }
      },
      async read(id) {
        if (!snapshots.has(id)) return undefined
        return (async function* () {
          yield '{"table":"nova:servers","row":["vm-1"]}'
          yield '{"table":"nova:servers","row":["vm-2"]}'
        })()
      },
      async replay(id) {
        if (!snapshots.has(id)) fail('control/unknown-snapshot', `there is no snapshot \`${id}\``)
        return [violation('violation-1')]
      },
      async remove(id, actor) {
        if (!snapshots.has(id)) fail('control/unknown-snapshot', `there is no snapshot \`${id}\``)
        write(actor, 'snapshot.remove', id)
        snapshots.delete(id)
      },
    },
    workflows: {
      executions: async request => pageOf([execution], request),
      execution: async id => (id === execution.id ? execution : undefined),
      pause: async (id, actor) => write(actor, 'execution.pause', id),
      resume: async (id, actor) => write(actor, 'execution.resume', id),
      cancel: async (id, actor) => write(actor, 'execution.cancel', id),
      async complete(token) {
        if (token !== 'execution-1/boot/1') return 'unknown'
        if (completed.has(token)) return 'already'
        completed.add(token)
        return 'completed'
      },
    },
    events: {
      follow(after, kinds, listener) {
        const wanted = (event: ServiceEvent): void => {
          if (!kinds || kinds.has(event.kind)) listener(event)
        }
        if (after !== undefined) {
          const from = Number(after)
          if (events.length - from > KEPT) wanted({ id: '0', at: AT, kind: 'policy', data: { missed: true } })
          for (const event of events.slice(from)) wanted(event)
        }
        listeners.add(wanted)
        return () => listeners.delete(wanted)
      },
    },
    webhooks: {
      list: async request => pageOf([...webhooks.values()], request),
      async create({ url, kinds }, actor) {
        write(actor, 'webhook.create', url)
        const hook = { id: newId('webhook'), url, kinds, createdBy: actor.id }
        webhooks.set(hook.id, hook)
        return hook
      },
      async remove(id, actor) {
        if (!webhooks.has(id)) fail('control/unknown-webhook', `there is no webhook \`${id}\``)
        write(actor, 'webhook.remove', id)
        webhooks.delete(id)
      },
    },
    audit: async ({ subject, ...page }) =>
      pageOf(
        audit.filter(entry => !subject || entry.subject === subject),
        page,
      ),
    health: async () =>
      double.databaseAway
        ? { ready: false, reasons: [{ part: 'database', message: 'the database does not answer' }] }
        : { ready: true, reasons: [] },
    readings: () => [
      {
        ...{ name: 'usher_violations', help: 'Violations that hold now.', kind: 'gauge' },
        samples: [{ labels: { role: 'error' }, value: 2 }],
      },
    ],
    async stop() {},
  }

  function decide(id: string, actor: Actor, change: Partial<PlanDetail>): PlanDetail {
    const plan = plans.get(id) ?? fail('control/unknown-plan', `there is no plan \`${id}\``)
    if (plan.state !== 'waiting') fail('control/plan-decided', `the plan \`${id}\` is ${plan.state} already`)
    write(actor, `plan.${change.state}`, id)
    const after = { ...plan, ...change }
    plans.set(id, after)
    return after
  }
  return double
}

const SYNTAX: Diagnostic = {
  ...{ code: 'language/unexpected-token', severity: 'error', message: 'expected a rule, found `!!`' },
  span: { file: 'policy', start: 0, end: 2, line: 1, column: 1 },
}

function notRules(): Error {
  try {
    return fail(SYNTAX.code, SYNTAX.message, SYNTAX)
  } catch (error) {
    return error as Error
  }
}

function pageOf<T>(items: readonly T[], { limit = 100, cursor }: PageRequest): Page<T> {
  const start = Number(cursor ?? 0)
  if (!Number.isInteger(start)) fail('control/page', 'the cursor is not one that a page gave')
  const end = start + limit
  return { items: items.slice(start, end), ...(end < items.length ? { next: String(end) } : {}) }
}

function violation(id: string): ViolationView {
  return { id, policy: 'ha', table: 'ha:error', role: 'error', row: ['vm-1'], text: 'error(vm-1)', since: AT }
}

function sourceOf(): SourceView {
  const columns = [
    { name: 'id', type: 'string' as const, description: 'the id' },
    { name: 'ram', unit: 'MiB' },
  ]
  const inputs = ['vm', 'host'].map(name => ({ name, description: `the ${name}`, required: true }))
  return {
    ...{ id: 'source-1', name: 'nova', driver: 'openstack.nova', description: 'Nova of region one' },
    status: {
      ...{ state: 'running', faults: [], lastRead: AT },
      tables: [{ table: 'nova:servers', state: 'fresh', rightAt: AT }],
    },
    tables: [{ table: 'nova:servers', columns, description: 'Servers.', lazy: false, interval: 60 }],
    actions: [{ name: 'nova:live_migrate', description: 'Move a VM.', inputs }],
  }
}

function planOf(id: string): PlanDetail {
  return {
    ...{ id, domain: 'all', mode: 'advise', state: 'waiting', createdAt: AT, expiresAt: AT },
    ...{ moves: 0, errorsBefore: 2, errorsAfter: 0, cost: 3, report: reportOf() },
  }
}

function executionOf(id: string) {
  return {
    ...{ id, workflow: 'plan', state: 'running' as const, createdAt: 0, input: {}, variables: {} },
    tasks: [{ id: `${id}/boot`, name: 'boot', state: 'running' as const, attempt: 1, startedAt: 0 }],
  }
}

function placementOf(vms: readonly string[]): PlacementReport {
  const { aims, proof, solver, model, elapsedMs } = reportOf()
  return {
    hosts: vms.map(vm => ({ vm, host: 'host-1' })),
    ...{ unplaced: [], moves: [], impossible: [], transfers: [], violationsBefore: [], violationsAfter: [] },
    ...{ aims, refused: [], proof, solver, declined: [], model, elapsedMs },
  }
}

function reportOf(): PlanReport {
  return {
    ...{
      status: 'unchanged',
      objective: [],
      aims: [],
      moves: [],
      copies: [],
      power: null,
      cost: 0,
      makespan: 0,
      criticalPath: [],
      volume: 0,
    },
    likely: { low: 0, mean: 0, high: 0 },
    ...{ violationsBefore: [], violationsAfter: [], unsatisfied: [], refused: [], smallestBudget: null },
    ...{ brokenOnTheWay: [], impossible: [], rounds: 1, setAside: [], held: [] },
    ...{ solver: 'search', declined: [], proof: 'none' },
    model: { columns: 0, rows: 0, entries: 0 },
    elapsedMs: 0,
  }
}
