/**
 * Placement of whole clouds, from tables in memory to a target that the evaluator verified:
 *   npx tsx bench/placement/run.ts [--seconds N] [--seed N] [HOSTS/VMS/FILL …]
 * Prints one line a cloud. `objective` adds up what an independent scorer would: 1000 for each violation, 10 for each host in use, and the
 * cost of migrations. The search alone is measured beside it in the same run: `search` is its objective and CPU seconds.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { place } from '../../src/placement/index.ts'
import { Judge } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { localSearch } from '../../src/placement/local-search.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { SearchState } from '../../src/placement/search-state.ts'
import type { PlaceInput } from '../../src/placement/types.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import { makeInstance } from './instance.ts'

const text = readFileSync(join(import.meta.dirname, 'policy.dl'), 'utf8')
const args = process.argv.slice(2)
const option = (name: string, fallback: number): number => {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(args.splice(at, 2)[1])
}
const seconds = option('seconds', 60)
const seed = option('seed', 1)
const clouds =
  args.length > 0
    ? args
    : ['10/50/0.63', '50/250/0.63', '100/500/0.63', '50/250/0.96', '100/500/0.96', '1000/5000/0.63', '1000/5000/0.96']

function cpuSince(before: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / 1e6).toFixed(2)
}

/** Errors, hosts' and moves' cost as one number; the cost of priority 1 has hosts and moves in it already. */
const objective = (errors: number, cost: number): number => 1000 * errors + cost

function searchAlone(input: PlaceInput): { objective: number; cpu: string; prices: number } {
  const start = process.cpuUsage()
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const state = new SearchState(new Judge(judgeProgram(input.program), input.tables, present.view, universe), universe)
  localSearch(state, new Random(seed), {
    deadline: performance.now() + seconds * 1000,
    prices: Number.POSITIVE_INFINITY,
  })
  return { objective: objective(state.vector[0]!, state.vector[2]!), cpu: cpuSince(start), prices: state.prices }
}

console.log(
  'cloud             present → objective  errors  proof     solver  CPU s  elapsed s  search: objective  CPU s  prices',
)
for (const cloud of clouds) {
  const [hosts, vms, fill] = cloud.split('/').map(Number) as [number, number, number]
  const tables = makeInstance(hosts, vms, fill, seed)
  const { program } = checkPolicies([parsePolicy(text, 'policy.dl').policy], {
    schemas: [...tables.values()].map(t => t.schema),
  })
  const input = { program, tables }
  const alone = searchAlone(input)
  const start = process.cpuUsage()
  const target = await place(input, { timeLimitSeconds: seconds, explain: false, seed })
  const aim = (name: string) => target.aims.find(a => a.name === name)!
  const [errors, cost] = [aim('errors'), aim('cost 1')]
  console.log(
    [
      cloud.padEnd(16),
      String(objective(errors.before, cost.before)).padStart(8),
      '→',
      String(objective(errors.after, cost.after)).padStart(9),
      String(errors.after).padStart(7),
      target.proof.padStart(8),
      target.solver.padStart(9),
      cpuSince(start).padStart(7),
      (target.elapsedMs / 1000).toFixed(1).padStart(10),
      String(alone.objective).padStart(18),
      alone.cpu.padStart(6),
      String(alone.prices).padStart(8),
    ].join(' '),
  )
}
process.exit(0)
