import { parseArgs } from 'node:util'
import { type Case, caseOf } from './cases.ts'
import { Cluster } from './cluster.ts'
import { type Finding, type Judges, judge, type Peer, type Verdict } from './judge.ts'
import { prepare } from './postgres.ts'
import { shrink } from './shrink.ts'
import { installTools } from './tools.ts'

/**
 * Random policies over random tables, through random changes, evaluated four times: by the evaluator, by the plain reference, by
 * clingo (what both can say), and by PostgreSQL (the views of `usher sql`). Every difference is printed with a small policy that shows
 * it. Exit code 1: there is one.
 */
const { values: options } = parseArgs({
  options: {
    programs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    batch: { type: 'string', default: '100' },
    only: { type: 'string' },
  },
})
const [programs, seed, batch] = [options.programs, options.seed, options.batch].map(Number) as [number, number, number]
const say = (line: string) => console.log(line)

const peers: readonly Peer[] = ['evaluator', 'postgres', 'clingo']
const totals = { programs: 0, rules: 0, refused: new Map<string, number>(), started: Date.now() }
const tables = { evaluator: 0, postgres: 0, clingo: 0 }
const asked = { evaluator: 0, postgres: 0, clingo: 0 }
const found: { verdict: Verdict; finding: Finding }[] = []

const tools = installTools(say)
const only = options.only?.split(',')
const wants = (peer: Peer) => only === undefined || only.includes(peer)
const cluster = tools.postgres && wants('postgres') ? await Cluster.start(tools.postgres) : undefined
const judges: Judges = { cluster, clingo: wants('clingo') ? tools.clingo : undefined }
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  if (cluster) await prepare(cluster)
  for (let from = 0; from < programs; from += batch) {
    const cases = Array.from({ length: Math.min(batch, programs - from) }, (_, i) => caseOf(seed + from + i))
    for (const verdict of await judge(cases, judges)) take(verdict)
    if ((from / batch) % 10 === 9) say(progress())
  }
  say(progress())
  report()
  for (const peer of peers) await showFirst(peer)
} finally {
  await cluster?.stop()
}
process.exitCode = found.length > 0 ? 1 : 0

function take(verdict: Verdict): void {
  totals.programs++
  totals.rules += verdict.rules
  for (const code of verdict.refusedRules) totals.refused.set(code, (totals.refused.get(code) ?? 0) + 1)
  for (const peer of peers) {
    tables[peer] += verdict.compared[peer]
    if (verdict.compared[peer] > 0) asked[peer]++
  }
  for (const finding of verdict.findings) found.push({ verdict, finding })
}

function progress(): string {
  const seconds = Math.round((Date.now() - totals.started) / 1000)
  return `${totals.programs} programs, ${totals.rules} rules, ${found.length} findings, ${seconds} s`
}

function report(): void {
  say('')
  for (const peer of peers) {
    const mine = found.filter(f => f.finding.peer === peer)
    const differences = mine.filter(f => f.finding.kind === 'difference').length
    say(
      `${peer.padEnd(9)}  ${asked[peer]} programs, ${tables[peer]} tables compared: ` +
        `${differences} differences, ${mine.length - differences} without an answer`,
    )
  }
  const refused = [...totals.refused].map(([code, n]) => `${n} ${code}`).join(', ')
  say(`rules without an SQL form: ${refused || 'none'}`)
}

/** The first three findings of a peer, each shrunk. */
async function showFirst(peer: Peer): Promise<void> {
  for (const { verdict, finding } of found.filter(f => f.finding.peer === peer).slice(0, 3)) {
    const mine = (v: Verdict | undefined) => v?.findings.find(f => f.peer === peer && f.kind === finding.kind)
    let last = finding
    const small = await shrink(verdict.found, async c => {
      const [verdictNow] = await judge([c], judges)
      const now = mine(verdictNow)
      if (now) last = now
      return now !== undefined
    })
    say(`\n${peer}: ${last.what}\n${describe(small)}`)
  }
}

function describe({ text, schemas, tables: data, transactions }: Case): string {
  const types = schemas
    .filter(s => text.includes(s.table))
    .map(s => `${s.table}(${s.columns.map(c => c.type ?? 'any').join(', ')})`)
  const rows = data
    .filter(t => t.rows.length > 0)
    .map(t => `  ${t.schema.table}: ${t.rows.map(r => JSON.stringify(r)).join(' ')}`)
  const changes = transactions.map((deltas, i) => `  transaction ${i + 1}: ${JSON.stringify(deltas)}`)
  return [`${text.trimEnd()}`, `  columns: ${types.join(' ')}`, ...rows, ...changes].join('\n')
}
