/**
 * A cloud of 30,000 hosts and 1,000,000 VMs in which 500 rules are broken at once:
 *   npx tsx bench/placement/scale.ts [--hosts N] [--vms N] [--violations N] [--seconds N]
 * Prints what reading the tables, and what the placement took, from the changed tables in memory to a target that the evaluator verified,
 * and the most memory the process had. For a comparison in the same run, what the evaluator alone needs to find the violations.
 */
import { createEvaluator } from '../../src/datalog/index.ts'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { place } from '../../src/placement/index.ts'
import { Random } from '../../src/placement/random.ts'
import type { Row, TableData } from '../../src/tables/index.ts'

const args = process.argv.slice(2)
const option = (name: string, fallback: number): number => {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(args[at + 1])
}
const hosts = option('hosts', 30_000)
const vms = option('vms', 1_000_000)
const violations = option('violations', 500)
const seconds = option('seconds', 15)

const POLICY = `
policy scale
error("same server", group, a, b) :-
    ha_group(group, a), ha_group(group, b), a < b, nova:location(a, host), nova:location(b, host)
error("memory", host, "", "") :-
    host_memory(host, capacity), used = sum x : { nova:location(vm, host), vm_memory(vm, x) }, used > capacity
`
const SIZES = [4, 8, 16, 32]
/** Room for one more VM of the largest size than a host is given. */
const SPARE = 64

/** Groups of three on three hosts each, then half of the violations as members that share a host, half as overloaded hosts. */
function makeTables(): Map<string, TableData> {
  const random = new Random(1)
  const size = Array.from({ length: vms }, () => random.pick(SIZES))
  const at = Array.from({ length: vms }, (_, v) => v % hosts)
  const groups = Array.from({ length: Math.floor(vms / 30) }, (_, g) => [g * 30, g * 30 + 1, g * 30 + 2])
  const load = new Array<number>(hosts).fill(0)
  for (let v = 0; v < vms; v++) load[at[v]!]! += size[v]!
  const capacity = load.map(l => l + SPARE)
  for (let i = 0; i < violations; i++)
    if (i % 2 === 0) at[groups[i * 3]![1]!] = at[groups[i * 3]![0]!]!
    else capacity[i * 5] = load[i * 5]! - SIZES[0]!
  const provenance = { source: 'bench', readAt: '2020-01-01T00:00:00Z' }
  const table = (name: string, columns: string[], rows: Row[]): [string, TableData] => [
    name,
    { schema: { table: name, columns: columns.map(c => ({ name: c })) }, rows, provenance },
  ]
  return new Map([
    table(
      'nova:location',
      ['vm', 'host'],
      at.map((h, v) => [`vm${v}`, `host${h}`]),
    ),
    table(
      'nova:services',
      ['host', 'binary', 'status', 'state'],
      capacity.map((_, h) => [`host${h}`, 'nova-compute', 'enabled', 'up']),
    ),
    table(
      'host_memory',
      ['host', 'capacity'],
      capacity.map((c, h) => [`host${h}`, c]),
    ),
    table(
      'vm_memory',
      ['vm', 'memory'],
      size.map((s, v) => [`vm${v}`, s]),
    ),
    table(
      'ha_group',
      ['group', 'vm'],
      groups.flatMap((g, k) => g.map((v): Row => [`g${k}`, `vm${v}`])),
    ),
  ])
}

const clock = (): { seconds: number; cpu: number } => {
  const { user, system } = process.cpuUsage()
  return { seconds: performance.now() / 1000, cpu: (user + system) / 1e6 }
}
const row = (what: string, before: ReturnType<typeof clock>, note = ''): void => {
  const now = clock()
  const peak = (process.resourceUsage().maxRSS / 1e6).toFixed(2)
  console.log(
    `${what.padEnd(44)} ${(now.cpu - before.cpu).toFixed(2).padStart(7)} ${(now.seconds - before.seconds).toFixed(2).padStart(10)} ${peak.padStart(9)}  ${note}`,
  )
}

const tables = makeTables()
const { program } = checkPolicies([parsePolicy(POLICY, 'scale.dl').policy], {
  schemas: [...tables.values()].map(t => t.schema),
})
console.log(`${hosts} hosts, ${vms} VMs, ${violations} violations to be`)
console.log(`${''.padEnd(44)}   CPU s  elapsed s   peak GB`)
let start = clock()
const evaluator = createEvaluator(program)
evaluator.load(tables.values())
row(
  'finding the violations from resident tables',
  start,
  `${evaluator.query('error(k, a, b, c)', 'scale').rows.length} found`,
)
start = clock()
const target = await place({ program, tables }, { timeLimitSeconds: seconds, seed: 1 })
const errors = target.aims[0]!
row(
  'placing, verified',
  start,
  `errors ${errors.before} → ${errors.after}, at least ${errors.bound}; ${target.moves.length} moves, ${target.proof}`,
)
process.exit(0)
