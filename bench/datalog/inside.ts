/**
 * W1 to W4 inside one process, from a folder of CSV files by way of the load that `usher` does:
 *   npm run prepare && npx tsx bench/datalog/inside.ts w1|w3|w4 [VMS HOSTS [ROUNDS]]      default 1000000 30000 7
 *   npm run prepare && npx tsx bench/datalog/inside.ts w2 [random|chain NODES [ROUNDS]]   default random 5000 7
 * Prints least and median over rounds, each a process of its own: CPU milliseconds of the evaluation from resident tables (`evaluate`; `elapsed` is
 * its wall clock) and of the process up to then (`process`), and its peak of memory; for w4, which loads W1 and W3, also CPU milliseconds of `prepare`, which
 * makes the indexes that a load does without, and microseconds of wall clock for a move: of all, and of the first. CPU is user + system of
 * all threads: the compiler's
 * and the collector's count.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cloud, followMoves, graph, policies } from './workloads.ts'

type Workload = 'w1' | 'w2' | 'w3' | 'w4'

const WATCHED = { w1: ['w1:error'], w2: ['w2:unreach'], w3: ['w3:over'], w4: ['w1:error', 'w3:over'] } as const

function prepare(folder: string, workload: Workload, a: string, b: string): void {
  const made = workload === 'w2' ? { tables: graph(a as 'random' | 'chain', Number(b)) } : cloud(Number(a), Number(b))
  for (const { schema, rows } of made.tables) {
    const path = `${join(folder, ...schema.table.split(':'))}.csv`
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${schema.columns.map(c => c.name).join()}\n${rows.map(row => row.join()).join('\n')}\n`)
  }
  const names = workload === 'w4' ? (['w1', 'w3'] as const) : ([workload] as const)
  const moves = workload === 'w4' && 'moves' in made ? followMoves(made).moves : []
  const round = { policies: names.map(name => policies[name]), watch: WATCHED[workload], moves }
  writeFileSync(join(folder, '.round.json'), JSON.stringify(round))
}

function round(workload: Workload, folder: string): Record<string, number> {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'inside-round.mjs')
  const { stdout, stderr } = spawnSync(process.execPath, [script, workload, folder], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, number>
}

const [name = 'w1', a, b, rounds = '7'] = process.argv.slice(2)
const workload = name as Workload
const [x, y] = workload === 'w2' ? [a ?? 'random', b ?? '5000'] : [a ?? '1000000', b ?? '30000']
const folder = mkdtempSync(join(tmpdir(), 'usher-bench-'))
try {
  prepare(folder, workload, x, y)
  const runs = Array.from({ length: Number(rounds) }, () => round(workload, folder))
  console.log(`${workload} ${x} ${y}`)
  for (const figure of Object.keys(runs[0]!)) {
    const values = runs.map(run => run[figure]!).sort((p, q) => p - q)
    const [least, median] = [values[0]!, values[values.length >> 1]!].map(v => Math.round(v * 10) / 10)
    console.log(`  ${figure.padEnd(16)} ${least === median ? least : `${least} least, ${median} median`}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
