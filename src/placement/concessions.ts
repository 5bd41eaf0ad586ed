import type { CoreLiteral, CoreRule, CoreTerm, Program, TableInfo } from '../language/index.ts'
import type { Row, TableData, Value } from '../tables/index.ts'
import type { AnswerContext } from './context.ts'
import { LOCATION, predictedTable } from './decision.ts'
import { numberedColumns, ownTable, ownTableInfo } from './own-table.ts'
import { strataOf } from './strata.ts'
import type { Concession, PlaceInput, Target, Unsatisfied, Violation } from './types.ts'
import { pairsOf, readUniverse } from './universe.ts'

/** Violations for which concessions are looked for. */
const MOST_VIOLATIONS = 2
/** VMs that are let out of their candidates, one at a time. */
const MOST_VMS = 4
/** Kinds of hosts of which one more is tried. */
const MOST_KINDS = 3
/** Seconds for all of them together. */
const SECONDS = 6
/** Possible pairs up to which placements are looked for again. */
const MOST_PAIRS = 5_000

/** A world in which one thing is allowed that was not. */
interface Trial extends Pick<Concession, 'kind' | 'what'> {
  readonly input: PlaceInput
}

/**
 * For violations that stay, single concessions that free them, cheapest first: a VM may go anywhere, one more host, a larger budget, a
 * rule of the conflict as a warning. Each was tried: with it, a placement was found in which the violation is gone and nothing came in
 * its place.
 * @param solve the best placement of another world, in at most so many seconds
 */
export async function offerConcessions(
  context: AnswerContext,
  violations: readonly Violation[],
  unsatisfied: readonly Unsatisfied[],
  smallestBudget: number | undefined,
  solve: (input: PlaceInput, seconds: number) => Promise<Pick<Target, 'violationsAfter' | 'aims'>>,
): Promise<Unsatisfied[]> {
  if (pairsOf(context.problem.universe) > MOST_PAIRS) return [...unsatisfied]
  const deadline = performance.now() + SECONDS * 1000
  const out: Unsatisfied[] = []
  for (const [i, left] of unsatisfied.entries()) {
    const violation = violations.find(v => v.text === left.instance && left.rule.startsWith(v.role))
    if (i >= MOST_VIOLATIONS || !violation || left.conflict.length === 0) {
      out.push(left)
      continue
    }
    const concessions: Concession[] = []
    for (const { kind, what, input } of trials(context, violation, left, smallestBudget)) {
      const seconds = (deadline - performance.now()) / 1000
      if (seconds <= 0 || context.options.signal?.aborted) break
      const target = await solve(input, seconds / 2)
      if (frees(target, violation, violations))
        concessions.push({ kind, what, cost: target.aims.find(aim => aim.name === 'migration cost')!.after })
    }
    out.push({ ...left, concessions: concessions.sort((a, b) => a.cost - b.cost) })
  }
  return out
}

/** The violation is gone, there are fewer of its role, and no more errors. */
function frees(target: Pick<Target, 'violationsAfter'>, violation: Violation, now: readonly Violation[]): boolean {
  const count = (all: readonly Violation[], role: Violation['role']) => all.filter(v => v.role === role).length
  const { violationsAfter: after } = target
  return (
    !after.some(v => v.table === violation.table && v.text === violation.text) &&
    count(after, violation.role) < count(now, violation.role) &&
    count(after, 'error') <= count(now, 'error')
  )
}

function* trials(
  context: AnswerContext,
  violation: Violation,
  { rule: own, conflict }: Unsatisfied,
  smallestBudget: number | undefined,
): Generator<Trial> {
  const { input, universe } = context.problem
  if (universe.candidatePlace !== undefined) {
    const open = readUniverse(input.program, input.tables, context.present.view, true)
    for (const vm of vmsBehind(context, violation).slice(0, MOST_VMS)) {
      const hosts = open.hostsOf[open.vmNumber.get(vm)!]!.map(h => open.hosts[h]!)
      if (hosts.length > universe.hostsOf[universe.vmNumber.get(vm)!]!.length)
        yield { kind: 'candidate', what: `${vm} may be on any host`, input: withCandidates(input, vm, hosts) }
    }
  }
  for (const host of kindsOfHosts(context).slice(0, MOST_KINDS))
    yield { kind: 'host', what: `one more host like ${host}`, input: withHostLike(input, host) }
  if (smallestBudget !== undefined && universe.budget) {
    const more = smallestBudget - universe.budget.limit
    yield {
      kind: 'budget',
      what: `a migration budget of ${smallestBudget}, which is ${Number(more.toPrecision(6))} more`,
      input: withBudget(input, smallestBudget),
    }
  }
  if (violation.role === 'warning') return
  for (const place of new Set([...conflict.map(c => c.rule), own])) {
    const rule = input.program.rules.find(
      r => place === `error ${r.span.file}:${r.span.line}` && input.program.tables.get(r.head.table)?.role === 'error',
    )
    if (rule)
      yield {
        kind: 'warning',
        what: `the ${place} as a warning`,
        input: { ...input, program: demoted(input.program, rule) },
      }
  }
}

/** VMs that the violation names, then those on hosts that it names, the cheapest to move first. */
function vmsBehind({ problem: { universe }, host }: AnswerContext, { row }: Violation): Value[] {
  const named = row.filter(value => universe.vmNumber.has(value))
  const hosts = new Set(row.map(value => universe.hostNumber.get(value)))
  const guests = [...universe.vms.keys()].filter(vm => hosts.has(host[vm]!) && !named.includes(universe.vms[vm]!))
  guests.sort((a, b) => universe.leastCost(a) - universe.leastCost(b))
  return [...named, ...guests.map(vm => universe.vms[vm]!)]
}

/** One host of each kind: hosts that the data tables describe by the same rows, but for the name. */
function kindsOfHosts({ problem: { universe, input } }: AnswerContext): Value[] {
  const found = new Map<string, Value>()
  for (const host of universe.hosts) {
    const text = JSON.stringify(
      descriptionOf(input, host).map(([table, row]) => [table, row.map(v => (v === host ? null : v))]),
    )
    if (!found.has(text)) found.set(text, host)
  }
  return [...found.values()]
}

/** Rows that describe a host by itself: they name it and no VM, and say what it is, not how it fares. */
function descriptionOf({ program, tables }: PlaceInput, host: Value): [table: string, row: Row][] {
  const measured = new Set(program.rules.map(predictedTable))
  const vms = new Set((tables.get(LOCATION)?.rows ?? []).map(([vm]) => vm))
  return [...tables].flatMap(([table, data]): [string, Row][] =>
    table === LOCATION || measured.has(table)
      ? []
      : data.rows.filter(row => row.includes(host) && !row.some(v => vms.has(v!))).map(row => [table, row]),
  )
}

function withHostLike(input: PlaceInput, host: Value): PlaceInput {
  const tables = new Map(input.tables)
  const another = `another ${host}`
  for (const [table, row] of descriptionOf(input, host))
    addRows(tables, table, [row.map(value => (value === host ? another : value))])
  return { ...input, tables }
}

function withCandidates(input: PlaceInput, vm: Value, hosts: readonly Value[]): PlaceInput {
  const rows = hosts.map(host => [vm, host])
  const heads = headsWith(input.program, 'candidate')
  return withRowsOf(input, '~open', 2, rows, heads, input.program.rules)
}

function withBudget(input: PlaceInput, limit: number): PlaceInput {
  const heads = headsWith(input.program, 'migration_budget')
  const others = input.program.rules.filter(r => !heads.has(r.head.table))
  return withRowsOf(input, '~budget', 1, [[limit]], heads, others)
}

const headsWith = ({ tables, rules }: Program, role: TableInfo['role']): Set<string> =>
  new Set(rules.map(r => r.head.table).filter(table => tables.get(table)?.role === role))

/** The rules and, for each head, one more that takes these rows as they are. */
function withRowsOf(
  { program, tables }: PlaceInput,
  table: string,
  arity: number,
  rows: readonly Row[],
  heads: ReadonlySet<string>,
  rules: readonly CoreRule[],
): PlaceInput {
  const args = Array.from({ length: arity }, (_, index): CoreTerm => ({ kind: 'variable', index }))
  const added = [...heads].map((head): CoreRule => {
    const sample = program.rules.find(r => r.head.table === head)!
    const body: CoreLiteral[] = [{ kind: 'atom', table, args, negated: false, span: sample.span }]
    return { ...sample, head: { ...sample.head, args }, body, variables: args.map((_, i) => `v${i}`) }
  })
  const info = ownTableInfo(table, arity, 'data')
  const data = ownTable(table, numberedColumns(arity), rows)
  return {
    program: withRules({ ...program, tables: new Map([...program.tables, [table, info]]) }, [...rules, ...added]),
    tables: new Map([...tables, [table, data]]),
  }
}

/** The program in which one error rule gives warnings. */
function demoted(program: Program, rule: CoreRule): Program {
  const { table } = rule.head
  const name = `~warning:${table}`
  const info: TableInfo = { ...program.tables.get(table)!, name, role: 'warning' }
  const rules = program.rules.map(r => (r === rule ? { ...r, head: { ...r.head, table: name } } : r))
  return withRules({ ...program, tables: new Map([...program.tables, [name, info]]) }, rules)
}

function withRules(program: Program, rules: readonly CoreRule[]): Program {
  return { ...program, rules: rules.map((rule, id) => ({ ...rule, id })), strata: strataOf(rules) }
}

function addRows(tables: Map<string, TableData>, table: string, rows: readonly Row[]): void {
  const { schema, provenance, rows: before } = tables.get(table)!
  tables.set(table, { schema, provenance, rows: [...before, ...rows] })
}
