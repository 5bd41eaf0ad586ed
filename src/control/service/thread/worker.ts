import { parentPort } from 'node:worker_threads'
import { createIsolatedEvaluator } from '../../../datalog/index.ts'
import { type Diagnostic, DiagnosticError } from '../../../diagnostic/index.ts'
import type { Program } from '../../../language/index.ts'
import type { Violation } from '../../../placement/index.ts'
import type { Snapshot } from '../../../tables/index.ts'
import { violationsOf } from '../../evaluate.ts'
import { placeNewVms } from '../../place-new.ts'
import { planWorld } from '../../plan.ts'
import type { PlanReport } from '../../plan-report.ts'
import type { Job, JobAnswer, JobMessage, JobResults, Planning, PreviewJob, PreviewResult, ReplayJob } from './jobs.ts'
import { unpackTables } from './pack.ts'

/*
 * The thread in which placements, plans and previews are computed. One job at a time.
 */

const port = parentPort!

port.on('message', ({ id, job }: JobMessage) => {
  perform(job).then(
    result => answer({ id, kind: 'result', result }),
    error => {
      if (error instanceof DiagnosticError) answer({ id, kind: 'refused', diagnostics: error.diagnostics })
      else {
        const { message, stack } = error instanceof Error ? error : new Error(String(error))
        answer({ id, kind: 'fault', message, stack })
      }
    },
  )
})

function answer(message: JobAnswer): void {
  port.postMessage(message)
}

async function perform(job: Job): Promise<JobResults[Job['kind']]> {
  const tables = unpackTables(job.tables)
  switch (job.kind) {
    case 'plan':
      return plan(job.program, tables, job.planning)
    case 'place new': {
      const { program, vms, rows, moveOthers, planning } = job
      return placeNewVms({ program, tables, warnings: [] }, { vms, rows }, { ...planning.place, moveOthers })
    }
    case 'preview':
      return preview(job, tables)
    case 'replay':
      return violationsUnder(job.program, tables, job.limits).violations
  }
}

function plan(program: Program, tables: Snapshot, { place, perHost, global }: Planning): Promise<PlanReport> {
  return planWorld({ program, tables, warnings: [] }, place, { perHost, global })
}

async function preview(job: PreviewJob, tables: Snapshot): Promise<PreviewResult> {
  const before = violationsUnder(job.before, tables, job.limits).violations
  const { violations: after, stopped } = violationsUnder(job.after, tables, job.limits)
  const missing = (from: readonly Violation[], other: readonly Violation[]) => {
    const keys = new Set(other.map(keyOf))
    return from.filter(violation => !keys.has(keyOf(violation)))
  }
  const shown = { appear: missing(after, before), vanish: missing(before, after) }
  if (!job.plan) return { ...shown, diagnostics: stopped }
  try {
    return { ...shown, plan: await plan(job.plan.program, tables, job.plan.planning), diagnostics: stopped }
  } catch (error) {
    // The violations are worth showing all the same.
    if (!(error instanceof DiagnosticError)) throw error
    return {
      ...shown,
      diagnostics: [...stopped, ...error.diagnostics.map(d => ({ ...d, severity: 'warning' as const }))],
    }
  }
}

function violationsUnder(
  program: Program,
  tables: Snapshot,
  limits: ReplayJob['limits'],
): { readonly violations: Violation[]; readonly stopped: readonly Diagnostic[] } {
  const evaluator = createIsolatedEvaluator(program, { limits })
  evaluator.load(tables.values())
  return {
    violations: violationsOf(program, evaluator.view),
    stopped: evaluator.stopped.map(({ diagnostic }) => diagnostic),
  }
}

const keyOf = ({ table, row }: Violation): string => JSON.stringify([table, row])
