/**
 * How long plans of many moves are that the policy judges on the way: against a lower bound, against the same plan without a judge, and
 * against 1, 2 and 4 migrations at once, first come, first served. The cloud is full to 85 %, members of a group must stay apart.
 *
 *     npx tsx bench/plan/many-moves.ts [MOVES …]
 */
import { createEvaluator } from '../../src/datalog/index.ts'
import { checkPolicies, type Program, parsePolicy } from '../../src/language/index.ts'
import { makePlan, type PlanInput, predict } from '../../src/plan/index.ts'
import type { Row, TableData, Value } from '../../src/tables/index.ts'

const POLICY = `
error("over", host, "") :- room(host, r), u = sum s : { nova:location(v, host), size(v, s) }, u > r
error("together", a, b) :- group(g, a), group(g, b), a < b, nova:location(a, h), nova:location(b, h)
`
const SIZES = [1, 2, 4, 8, 16]
const PER_GROUP = 4
const FULL = 0.85

interface Cloud {
  readonly hosts: readonly string[]
  readonly room: number
  readonly size: ReadonlyMap<string, number>
  readonly group: ReadonlyMap<string, number>
  readonly at: Map<string, string>
}

function random(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (state * 48271) % 2147483647
    return state % n
  }
}

/** A cloud in which the policy holds: VMs are put where they may be until hosts are as full as wished. */
function makeCloud(hosts: number, vms: number, pick: (n: number) => number): Cloud {
  const names = Array.from({ length: hosts }, (_, h) => `h${h}`)
  const size = new Map(Array.from({ length: vms }, (_, v) => [`v${v}`, SIZES[pick(SIZES.length)]!]))
  const group = new Map(Array.from({ length: vms }, (_, v) => [`v${v}`, Math.floor(v / PER_GROUP)]))
  const total = [...size.values()].reduce((sum, s) => sum + s, 0)
  const cloud: Cloud = { hosts: names, room: Math.ceil(total / hosts / FULL), size, group, at: new Map() }
  for (const vm of [...size.keys()].sort((a, b) => size.get(b)! - size.get(a)!)) {
    const free = names.filter(h => mayBe(cloud, vm, h))
    if (free.length === 0) throw new Error('the cloud is too full for this bench')
    cloud.at.set(vm, free[pick(free.length)]!)
  }
  return cloud
}

function mayBe({ at, size, group, room }: Cloud, vm: string, host: string): boolean {
  let load = size.get(vm)!
  for (const [other, on] of at) {
    if (on !== host || other === vm) continue
    if (group.get(other) === group.get(vm)) return false
    load += size.get(other)!
  }
  return load <= room
}

/** Each of `moves` VMs to another host, one after the other, the policy holding all the time: an order is known to exist. */
function makeTarget(cloud: Cloud, moves: number, pick: (n: number) => number): Map<string, string> {
  const target: Cloud = { ...cloud, at: new Map(cloud.at) }
  const moved = new Set<string>()
  const vms = [...cloud.at.keys()]
  for (let tries = 0; moved.size < moves && tries < 1e6; tries++) {
    const vm = vms[pick(vms.length)]!
    const host = cloud.hosts[pick(cloud.hosts.length)]!
    if (moved.has(vm) || host === cloud.at.get(vm) || !mayBe(target, vm, host)) continue
    target.at.set(vm, host)
    moved.add(vm)
  }
  return target.at
}

function inputOf(cloud: Cloud, target: ReadonlyMap<string, string>): PlanInput & { calls: () => number } {
  const size = (vm: Value) => cloud.size.get(`${vm}`)!
  const table = (name: string, columns: string[], rows: Row[]): TableData => ({
    schema: { table: name, columns: columns.map(c => ({ name: c })) },
    rows,
    provenance: { source: 'bench', readAt: new Date(0).toISOString() },
  })
  const tables = [
    table('nova:location', ['vm', 'host'], [...cloud.at]),
    table(
      'room',
      ['host', 'gib'],
      cloud.hosts.map(h => [h, cloud.room]),
    ),
    table('size', ['vm', 'gib'], [...cloud.size]),
    table(
      'group',
      ['group', 'vm'],
      [...cloud.group].map(([vm, g]) => [g, vm]),
    ),
  ]
  const { program, diagnostics } = checkPolicies([parsePolicy(POLICY, 'bench.dl').policy], {
    schemas: tables.map(t => t.schema),
  })
  if (diagnostics.some(d => d.severity === 'error')) throw new Error(diagnostics.map(d => d.message).join('\n'))
  const evaluator = createEvaluator(program)
  evaluator.load(tables)
  const errors = errorTable(program)
  let calls = 0
  return {
    placement: cloud.at,
    candidates: () => cloud.hosts,
    moves: [...target].flatMap(([vm, to]) => {
      const from = cloud.at.get(vm)!
      return from === to ? [] : [{ vm, from, to, cost: size(vm), because: [] }]
    }),
    capacities: [{ rule: 'bench.dl:2', load: vm => size(vm), base: () => 0, limit: () => cloud.room, strict: false }],
    costOf: vm => size(vm),
    judge: occupancy => {
      calls++
      const removed = [...occupancy.keys()].map(vm => [vm, cloud.at.get(`${vm}`)!])
      const inserted = [...occupancy].flatMap(([vm, hosts]) => hosts.map(h => [vm, h]))
      return evaluator.whatIf([{ table: 'nova:location', inserted, removed }], view =>
        view.rows(errors).map(row => row.join(' ')),
      )
    },
    calls: () => calls,
  }
}

const errorTable = (program: Program) => [...program.tables.values()].find(t => t.role === 'error')!.name

/** Seconds of each move alone; with one migration at a host's end, none is ever slower. */
function secondsOf(moves: PlanInput['moves']): number[] {
  return moves.map(m => predict({}, [{ from: m.from, to: m.to, memory: { used: m.cost * 1024 }, after: [] }]).makespan)
}

/** No plan with one migration at each host's end and so many in all can be shorter. */
function lowerBound(moves: PlanInput['moves'], seconds: readonly number[], global: number): number {
  const busy = new Map<Value, number>()
  moves.forEach((m, i) => {
    for (const host of [m.from, m.to]) busy.set(host, (busy.get(host) ?? 0) + seconds[i]!)
  })
  return Math.max(...busy.values(), seconds.reduce((sum, s) => sum + s, 0) / global)
}

/** First come, first served: `n` at once, one at each host's end, each started when there is room; the policy is not asked. */
function firstCome(cloud: Cloud, moves: PlanInput['moves'], seconds: readonly number[], n: number): number {
  const free = new Map(cloud.hosts.map(h => [h, cloud.room]))
  for (const [vm, host] of cloud.at) free.set(host, free.get(host)! - cloud.size.get(vm)!)
  const waiting = new Set(moves.keys())
  let running: { i: number; end: number }[] = []
  let now = 0
  while (waiting.size + running.length > 0) {
    const busy = new Set(running.flatMap(({ i }) => [`${moves[i]!.from}`, `${moves[i]!.to}`]))
    for (const i of waiting) {
      const { from, to, cost } = moves[i]!
      if (running.length >= n || busy.has(`${from}`) || busy.has(`${to}`) || free.get(`${to}`)! < cost) continue
      waiting.delete(i)
      running.push({ i, end: now + seconds[i]! })
      busy.add(`${from}`).add(`${to}`)
      free.set(`${to}`, free.get(`${to}`)! - cost)
    }
    // A circle that waits for room: first come, first served knows no way out.
    if (running.length === 0) return Number.NaN
    now = Math.min(...running.map(r => r.end))
    for (const { i } of running.filter(r => r.end <= now)) {
      const { from, cost } = moves[i]!
      free.set(`${from}`, free.get(`${from}`)! + cost)
    }
    running = running.filter(r => r.end > now)
  }
  return now
}

const given = process.argv.slice(2).map(Number)
console.log("makespans in seconds; one migration at each host's end")
const titles = [
  'moves',
  'hosts',
  'at once',
  'judged',
  'unjudged',
  'bound',
  'fixed 1',
  'fixed 2',
  'fixed 4',
  'stops',
  'broken',
  'calls',
  'CPU s',
]
console.log(...titles.map(t => t.padStart(8)))
for (const moves of given.length > 0 ? given : [50, 100, 200, 500])
  for (const global of [4, 16, 64]) {
    const pick = random(moves + 1)
    const cloud = makeCloud(Math.ceil(moves / 4), moves * 2, pick)
    const { calls, ...input } = inputOf(cloud, makeTarget(cloud, moves, pick))
    const seconds = secondsOf(input.moves)
    const limits = { perHost: 1, global }
    const { judge: _, ...blind } = input
    const unjudged = makePlan({ ...blind, limits })
    const before = process.cpuUsage()
    const plan = makePlan({ ...input, limits })
    const { user, system } = process.cpuUsage(before)
    const fixed = [1, 2, 4].map(n => firstCome(cloud, input.moves, seconds, Math.min(n, global)))
    const figures = [plan.makespan, unjudged.makespan, lowerBound(input.moves, seconds, global), ...fixed]
    console.log(
      ...[input.moves.length, cloud.hosts.length, global].map(x => `${x}`.padStart(8)),
      ...figures.map(x => x.toFixed(0).padStart(8)),
      ...[plan.moves.filter(m => m.parking).length, plan.brokenOnTheWay.length, calls()].map(x => `${x}`.padStart(8)),
      ((user + system) / 1e6).toFixed(1).padStart(8),
    )
  }
