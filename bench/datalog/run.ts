/**
 * The evaluator's workloads, one process for each run:
 *   npx tsx bench/datalog/run.ts w1|w3 VMS HOSTS · w2 random|chain NODES · w4 VMS HOSTS
 * Prints one JSON line: rows found, CPU milliseconds of the evaluation from resident tables, milliseconds of the
 * load, microseconds per move, memory.
 */

import { Engine } from '../../src/datalog/engine/engine.ts'
import { createEvaluator, type Evaluator } from '../../src/datalog/index.ts'
import { Warnings } from '../../src/datalog/warnings.ts'
import { checkPolicies, type Program, parsePolicy } from '../../src/language/index.ts'
import { Interner, type TableData } from '../../src/tables/index.ts'
import { cloud, graph, policies } from './workloads.ts'

function compile(texts: readonly string[], tables: readonly TableData[]): Program {
  const asts = texts.map((text, i) => parsePolicy(text, `w${i}.dl`).policy)
  return checkPolicies(asts, { schemas: tables.map(t => t.schema) }).program
}

/** Fill an engine's tables, then time the evaluation alone. */
function resident(program: Program, tables: readonly TableData[], counted: string): Record<string, number> {
  const interner = new Interner()
  const engine = new Engine(program, interner, new Warnings(), new Map())
  const start = performance.now()
  for (const { schema, rows } of tables) {
    const relation = engine.givenRelation(schema.table)
    if (!relation) continue
    const { scratch } = relation
    for (const row of rows) {
      row.forEach((v, c) => {
        scratch[c] = interner.intern(v)
      })
      relation.add(scratch)
    }
  }
  const filled = performance.now()
  const before = process.cpuUsage()
  engine.evaluateAll({}, new Date(0))
  const { user, system } = process.cpuUsage(before)
  return { rows: engine.size(counted), fillMs: round(filled - start), evaluateCpuMs: round((user + system) / 1000) }
}

/** Moves one at a time: microseconds for each, sorted. */
function moves(evaluator: Evaluator, vms: number, hosts: number): Record<string, number> {
  const { tables, at: start, moves: list } = cloud(vms, hosts)
  const at = [...start]
  const loadStart = performance.now()
  evaluator.load(tables)
  const loadMs = round(performance.now() - loadStart)
  const times: number[] = []
  for (const [vm, host] of list) {
    const name = `vm${vm}`
    const delta = { table: 'nova:location', removed: [[name, `host${at[vm]}`]], inserted: [[name, `host${host}`]] }
    const before = performance.now()
    evaluator.apply([delta])
    times.push((performance.now() - before) * 1000)
    at[vm] = host
  }
  times.sort((a, b) => a - b)
  const quantile = (q: number) => round(times[Math.floor(times.length * q)]!)
  return {
    loadMs,
    error: evaluator.view.count('w1:error'),
    over: evaluator.view.count('w3:over'),
    p50us: quantile(0.5),
    p99us: quantile(0.99),
    maxUs: round(times[times.length - 1]!),
  }
}

function round(n: number): number {
  return Math.round(n * 100) / 100
}

const [workload, a, b] = process.argv.slice(2)
let result: Record<string, number>
if (workload === 'w2') {
  const tables = graph(a as 'random' | 'chain', Number(b))
  result = resident(compile([policies.w2], tables), tables, 'w2:unreach')
} else if (workload === 'w4') {
  const { tables } = cloud(10, 10)
  const watch = ['w1:error', 'w3:over']
  result = moves(createEvaluator(compile([policies.w1, policies.w3], tables), { watch }), Number(a), Number(b))
} else {
  const { tables, together, over } = cloud(Number(a), Number(b))
  const [text, head] = workload === 'w1' ? [policies.w1, 'w1:error'] : [policies.w3, 'w3:over']
  result = { right: workload === 'w1' ? together : over, ...resident(compile([text], tables), tables, head) }
}
const { rss } = process.memoryUsage()
console.log(JSON.stringify({ workload, a, b, ...result, rssMb: Math.round(rss / 1e6) }))
