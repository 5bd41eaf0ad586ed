import type { EvaluationLimits, Evaluator } from '../datalog/index.ts'
import type { Diagnostic } from '../diagnostic/index.ts'
import type { Row } from '../tables/index.ts'
import { evaluateWithin } from './evaluate.ts'
import type { Sources } from './policy-files.ts'
import { examine, openWorld, type WorldRequest } from './world.ts'

export interface BenchRequest extends Omit<WorldRequest, 'tables'> {
  readonly data: string
  /** How long each table is updated. */
  readonly milliseconds: number
  /** For each policy. */
  readonly limits?: EvaluationLimits
}

export interface Bench {
  /** What was done once, in milliseconds. */
  readonly phases: readonly { readonly name: string; readonly milliseconds: number }[]
  readonly dataRows: number
  readonly derivedRows: number
  /** Of the whole process, in bytes. */
  readonly memory: number
  readonly updates: readonly TableUpdates[]
  /** Policies that reached a limit when they were evaluated, and are not measured. */
  readonly stopped: readonly Diagnostic[]
}

/** Transactions of one row, taken out and put back again. Times in microseconds. */
export interface TableUpdates {
  readonly table: string
  readonly rows: number
  readonly perSecond: number
  readonly median: number
  readonly p99: number
}

/** Measure policies over a cloud: reading, checking, evaluating, and then updates of each table that a rule reads. */
export async function benchWorld(
  { milliseconds, limits = {}, ...request }: BenchRequest,
  sources: Sources,
): Promise<Bench> {
  const phases: { name: string; milliseconds: number }[] = []
  const timed = async <T>(name: string, work: () => Promise<T> | T): Promise<T> => {
    const start = performance.now()
    const result = await work()
    phases.push({ name, milliseconds: performance.now() - start })
    return result
  }
  const { tables } = await timed('read the data', () => examine({ ...request, policies: [] }, sources))
  const world = await timed('check the policies', () => openWorld({ policies: request.policies, tables }, sources))
  const { evaluator, stopped } = await timed('evaluate', () => evaluateWithin(world, { limits }))
  const { program } = world
  const read = new Set(program.rules.flatMap(r => r.body.flatMap(l => tablesIn(l))))
  const infos = [...program.tables.values()]
  const derived = infos.filter(t => t.kind === 'derived')
  const updates = [...tables.values()]
    .filter(t => read.has(t.schema.table) && t.rows.length > 0)
    .map(t => ({
      table: t.schema.table,
      rows: t.rows.length,
      ...update(evaluator, t.schema.table, t.rows, milliseconds),
    }))
  return {
    phases,
    dataRows: [...tables.values()].reduce((sum, t) => sum + t.rows.length, 0),
    derivedRows: derived.reduce((sum, t) => sum + evaluator.view.count(t.name), 0),
    memory: process.memoryUsage().rss,
    updates: updates.sort((a, b) => a.perSecond - b.perSecond),
    stopped,
  }
}

type Literal = Parameters<typeof tablesIn>[0]

function tablesIn(l: { kind: string; table?: string; body?: readonly Literal[] }): string[] {
  return [...(l.kind === 'atom' ? [l.table!] : []), ...(l.body ?? []).flatMap(tablesIn)]
}

function update(evaluator: Evaluator, table: string, rows: readonly Row[], milliseconds: number) {
  const times: number[] = []
  const end = performance.now() + milliseconds
  // A stride that shares no factor with most sizes visits rows all over the table, the same ones in every run.
  for (let i = 0; performance.now() < end || times.length < 20; i = (i + 7919) % rows.length) {
    const row = [rows[i]!]
    for (const delta of [
      { table, inserted: [], removed: row },
      { table, inserted: row, removed: [] },
    ]) {
      const start = performance.now()
      evaluator.apply([delta])
      times.push((performance.now() - start) * 1000)
    }
  }
  const total = times.reduce((sum, t) => sum + t, 0)
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  return { perSecond: (times.length / total) * 1e6, median: at(0.5), p99: at(0.99) }
}
