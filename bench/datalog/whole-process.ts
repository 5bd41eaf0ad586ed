/**
 * W1 to W4 from CSV files to the printed answer, as whole processes: the compiled `usher eval` beside whatever peers this machine has, in
 * turns, so that all meet the same machine.
 *   npm run prepare && npx tsx bench/datalog/whole-process.ts [--vms N --hosts N] [--graphs random/1000,…] [--rounds N] [--only w1,w2,…]
 * Default: 1,000,000 VMs on 30,000 hosts; random and chain graphs of 1,000 and 5,000 nodes; 3 rounds. Prints for each the least CPU seconds
 * (user + system; PostgreSQL's server included) of its rounds, as a ratio of Usher's too, and the peak of memory of its largest process; for
 * W4 also microseconds of wall clock for a move, the mean. Each answer is compared with the right one: exits with 1 when one is wrong.
 * Wants Linux: memory is read from /proc.
 *
 * Usher reads the whole folder, tables that the policy does not use included; peers load what their query needs. Peers that do not
 * read CSV get their files made ready, which is not counted. A process that takes too long or too much memory is ended.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TableData } from '../../src/tables/index.ts'
import { Cluster } from '../../test/oracles/cluster.ts'
import { findTools } from '../../test/oracles/tools.ts'
import { type Cost, measure } from './measure.ts'
import type { Workload } from './peer-programs.ts'
import { type Contender, contenders, csvPath, type Instance, usherMain } from './peers.ts'
import { cloud, followMoves, graph, unreached } from './workloads.ts'

const { values: options } = parseArgs({
  options: {
    vms: { type: 'string', default: '1000000' },
    hosts: { type: 'string', default: '30000' },
    graphs: { type: 'string', default: 'random/1000,chain/1000,random/5000,chain/5000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'w1,w2,w3,w4' },
  },
})
const wanted = options.only.split(',') as Workload[]
const rounds = Number(options.rounds)

if (!existsSync(usherMain)) {
  console.error('there is no dist/: run `npm run prepare` first')
  process.exit(2)
}
const top = mkdtempSync(join(tmpdir(), 'usher-bench-'))
chmodSync(top, 0o755)
const { postgres } = findTools()
const cluster = postgres ? await Cluster.start(postgres) : undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.once('exit', () => rmSync(top, { recursive: true, force: true }))
try {
  await clouds()
  if (wanted.includes('w2')) for (const name of options.graphs.split(',')) await ofGraph(name)
} finally {
  await cluster?.stop()
}

async function clouds(): Promise<void> {
  const workloads = wanted.filter(w => w !== 'w2')
  if (workloads.length === 0) return
  const [vms, hosts] = [Number(options.vms), Number(options.hosts)]
  const made = cloud(vms, hosts)
  const folder = prepare('cloud', made.tables)
  const { moves, together, over } = followMoves(made)
  writeFileSync(join(folder, '.moves.csv'), `vm,host\n${moves.map(([vm, , to]) => `${vm},${to}\n`).join('')}`)
  const size = `${vms.toLocaleString('en')} VMs on ${hosts.toLocaleString('en')} hosts`
  const right = { w1: `${made.together}`, w3: `${made.over}`, w4: `${together} ${over}` }
  for (const workload of ['w1', 'w3', 'w4'] as const) {
    if (!workloads.includes(workload)) continue
    const instance = { workload, folder, tables: made.tables, moves: workload === 'w4' ? moves : [] }
    await compare(instance, size, right[workload])
  }
}

async function ofGraph(name: string): Promise<void> {
  const [kind, nodes] = name.split('/') as ['random' | 'chain', string]
  const tables = graph(kind, Number(nodes))
  const folder = prepare(`${kind}-${nodes}`, tables)
  const size = `${kind} graph of ${Number(nodes).toLocaleString('en')} nodes`
  await compare({ workload: 'w2', folder, tables, moves: [] }, size, `${unreached(tables)}`)
}

function prepare(name: string, tables: readonly TableData[]): string {
  const folder = join(top, name)
  for (const { schema, rows } of tables) {
    const path = csvPath(folder, schema.table)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${schema.columns.map(c => c.name).join()}\n${rows.map(row => row.join()).join('\n')}\n`)
  }
  return folder
}

async function compare(instance: Instance, size: string, right: string): Promise<void> {
  console.log(`\n${instance.workload.toUpperCase()}, ${size}: ${right}`)
  const best = new Map<Contender, Cost>()
  const list = contenders(instance, cluster)
  for (let round = 0; round < rounds; round++) {
    for (const contender of list) {
      const before = best.get(contender)
      // What failed once is not tried again: it may have taken minutes.
      if (typeof contender.argv === 'string' || before?.failed !== undefined) continue
      const cost = await measure(contender.argv, contender.server)
      if (!before || cost.failed !== undefined || cost.cpu < before.cpu) best.set(contender, cost)
    }
  }
  const own = best.get(list[0]!)!.cpu
  const line = (cells: readonly string[]) =>
    console.log(cells.map((c, i) => (i === 0 ? c.padEnd(18) : c.padStart(10))).join(' '))
  line(['', 'CPU s', 'of Usher', 'peak MB', ...(instance.workload === 'w4' ? ['µs a move'] : [])])
  for (const contender of list) {
    const cost = best.get(contender)
    if (!cost) {
      line([contender.name, contender.argv as string])
      continue
    }
    const figures = [contender.name, cost.cpu.toFixed(2), (cost.cpu / own).toFixed(2), String(cost.megabytes)]
    if (cost.failed !== undefined) {
      line([...figures, `  no answer: ${cost.failed}`])
      continue
    }
    const { answer, microseconds } = contender.read(cost.output)
    if (microseconds !== undefined) figures.push(microseconds.toFixed(1))
    if (answer !== right) {
      process.exitCode = 1
      figures.push(`  WRONG: ${answer || cost.output.slice(0, 60)}`)
    }
    line(figures)
  }
}
