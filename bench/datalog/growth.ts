/**
 * How time and memory grow with the cloud: W1 and W3 over 10,000 to 1,000,000 VMs, 3 hosts for each 100.
 *   npx tsx bench/datalog/growth.ts [VMS …]
 * Each size is a process of its own. Load: rows of JavaScript values into tables of ids. Evaluate: both policies over them. Memory: what the
 * evaluator holds, both heaps, when all else was collected; bytes a tuple are of that, over all tuples of data and rules, with indexes,
 * counts, groups of aggregates and the names themselves. Update: a VM moves, through the general engine, 10,000 times.
 * Load and evaluation are CPU seconds (user + system, the collector's and compiler's threads included), updates microseconds of the clock.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createEvaluator } from '../../src/datalog/index.ts'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import type { TableData } from '../../src/tables/index.ts'
import { cloud, policies } from './workloads.ts'

const SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000]

interface Figures {
  readonly vms: number
  readonly tuples: number
  readonly load: number
  readonly evaluate: number
  readonly megabytes: number
  readonly median: number
  readonly p99: number
}

function compile(texts: readonly string[], tables: readonly TableData[]) {
  const asts = texts.map((text, i) => parsePolicy(text, `w${i}.dl`).policy)
  return checkPolicies(asts, { schemas: tables.map(t => t.schema) }).program
}

function measured(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function heldMegabytes(): number {
  ;(globalThis as { gc?: () => void }).gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}

function run(vms: number): Figures {
  // Compiled code and whatever else does not grow is there before the first measuring.
  const warm = cloud(1000, 30)
  createEvaluator(compile([policies.w1, policies.w3], warm.tables)).load(warm.tables)
  const empty = heldMegabytes()
  const hosts = (vms * 3) / 100
  let { tables, at, moves, together, over } = cloud(vms, hosts)
  const program = compile([policies.w1, policies.w3], tables)
  const watch = ['w1:error', 'w3:over']
  const evaluator = createEvaluator(compile([], tables), { watch })
  const load = measured(() => evaluator.load(tables))
  const evaluate = measured(() => evaluator.changeRules(program))
  const { view } = evaluator
  if (view.count('w1:error') !== together || view.count('w3:over') !== over) throw new Error('a wrong answer')
  const tuples = [...program.tables.keys()].reduce((sum, t) => sum + view.count(t), 0)
  const where = Int32Array.from(at)
  const list = Int32Array.from(moves.flat())
  tables = []
  at = []
  moves = []
  const megabytes = heldMegabytes() - empty
  const times: number[] = []
  for (let i = 0; i < list.length; i += 2) {
    const [vm, host] = [list[i]!, list[i + 1]!]
    const name = `vm${vm}`
    const delta = { table: 'nova:location', removed: [[name, `host${where[vm]}`]], inserted: [[name, `host${host}`]] }
    const start = performance.now()
    evaluator.apply([delta])
    times.push((performance.now() - start) * 1000)
    where[vm] = host
  }
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.floor(times.length * q)]!
  return { vms, tuples, load, evaluate, megabytes, median: quantile(0.5), p99: quantile(0.99) }
}

function inProcess(vms: number): Figures {
  const argv = [...process.execArgv, '--expose-gc', fileURLToPath(import.meta.url), 'one', String(vms)]
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Figures
}

const [first, ...rest] = process.argv.slice(2)
if (first === 'one') console.log(JSON.stringify(run(Number(rest[0]))))
else {
  const sizes = first === undefined ? SIZES : [first, ...rest].map(Number)
  const columns = ['VMs', 'tuples', 'load s', 'evaluate s', 'µs/tuple', 'MB', 'bytes/tuple', 'update µs', 'p99 µs']
  const line = (cells: readonly string[]) => console.log(cells.map(c => c.padStart(11)).join(' '))
  line(columns)
  for (const vms of sizes) {
    const f = inProcess(vms)
    line([
      f.vms.toLocaleString('en'),
      f.tuples.toLocaleString('en'),
      f.load.toFixed(2),
      f.evaluate.toFixed(2),
      (((f.load + f.evaluate) * 1e6) / f.tuples).toFixed(2),
      f.megabytes.toFixed(1),
      ((f.megabytes * 1e6) / f.tuples).toFixed(0),
      f.median.toFixed(1),
      f.p99.toFixed(1),
    ])
  }
}
