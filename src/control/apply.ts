import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlaceOptions, Violation } from '../placement/index.ts'
import { type ExecutionState, type ExecutionView, showExecution } from '../workflow/index.ts'
import { evaluateWorld, violationsOf } from './evaluate.ts'
import { planWorld } from './plan.ts'
import type { PlanReport } from './plan-report.ts'
import type { Sources } from './policy-files.ts'
import { type MoveEvent, movesOf, runPlan, startPlan, toleratedOf, unfinishedPlan } from './run-plan.ts'
import { openState } from './state-folder.ts'
import { openWorld, type World, type WorldRequest } from './world.ts'

export interface ApplyRequest extends WorldRequest {
  readonly place?: PlaceOptions
  /** Where the simulated cloud and the workflow keep their state. Default: a folder that is removed at the end. */
  readonly state?: string
  readonly secondsPerMigration: number
}

export type ApplyProgress =
  | { readonly kind: 'planned'; readonly report: PlanReport }
  /** An earlier process was killed while it carried this execution out. */
  | { readonly kind: 'continued'; readonly execution: string; readonly done: number; readonly total: number }
  | ({ readonly kind: 'move' /** Since `apply` began to move. */; readonly seconds: number } & MoveEvent)

export interface ApplyResult {
  /** Undefined: there was nothing to move. */
  readonly execution: string | undefined
  readonly state: ExecutionState
  readonly continued: boolean
  readonly plan: PlanReport | undefined
  readonly moves: readonly {
    readonly id: string
    readonly vm: unknown
    readonly from: unknown
    readonly to: unknown
    readonly state: string
    readonly attempts: number
    readonly error?: string
  }[]
  /** What violates the policies when all is done. */
  readonly violations: readonly Violation[]
}

/** How often a plan that failed is followed by another. */
const REPLANS = 2

/** How much longer than a migration should take one try of it may take. */
const PATIENCE = 10

/**
 * Plan and carry the plan out on a simulated cloud that starts from the data. When the state folder holds an execution that a killed
 * process left, that one is carried to its end instead of a new plan.
 */
export async function applyPlan(
  request: ApplyRequest,
  sources: Sources,
  onProgress: (progress: ApplyProgress) => void,
): Promise<ApplyResult> {
  const world = await openWorld(request, sources)
  const folder = request.state ?? mkdtempSync(join(tmpdir(), 'usher-'))
  try {
    return await applyIn(folder, world, request, onProgress)
  } finally {
    if (request.state === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function applyIn(
  folder: string,
  { program, tables }: World,
  request: ApplyRequest,
  onProgress: (progress: ApplyProgress) => void,
): Promise<ApplyResult> {
  const state = await openState({ folder, start: tables, secondsPerMigration: request.secondsPerMigration })
  const { simulator, store } = state
  try {
    const now = (): World => ({ program, tables: simulator.snapshot(), warnings: [] })
    const timeout = 60 + PATIENCE * request.secondsPerMigration
    const unfinished = await unfinishedPlan(store)
    let execution = unfinished?.id
    let plan: PlanReport | undefined
    const planAndStart = async (): Promise<string | undefined> => {
      plan = await planWorld(now(), request.place ?? {})
      onProgress({ kind: 'planned', report: plan })
      if (plan.moves.length === 0) return undefined
      const tolerated = [...plan.violationsBefore.map(v => v.text), ...plan.brokenOnTheWay.map(b => b.violation)]
      return startPlan(store, plan.moves, timeout, tolerated)
    }
    if (unfinished) {
      const done = unfinished.tasks.filter(task => task.state === 'succeeded').length
      onProgress({ kind: 'continued', execution: unfinished.id, done, total: unfinished.tasks.length })
    } else execution = await planAndStart()
    const begun = performance.now()
    const views: ExecutionView[] = []
    for (let next = execution; next !== undefined; ) {
      const tolerated = toleratedOf(await showExecution(store, next))
      const view = await runPlan(
        store,
        simulator,
        next,
        event => onProgress({ kind: 'move', seconds: (performance.now() - begun) / 1000, ...event }),
        { program, tables: () => simulator.snapshot(), tolerated },
      )
      views.push(view)
      execution = next
      // The rest of a plan that met another cloud than it was made for is left; a new one begins where this one ended.
      next = view.state === 'failed' && views.length <= REPLANS ? await planAndStart() : undefined
    }
    const last = views.at(-1)
    return {
      execution,
      state: last?.state ?? 'succeeded',
      continued: unfinished !== undefined,
      plan,
      moves: views.flatMap(view => {
        const tasks = new Map(view.tasks.map(task => [task.name, task]))
        return movesOf(view).map(({ id, vm, from, to }) => {
          const { state: taskState = 'waiting', attempt = 0, error } = tasks.get(id) ?? {}
          return { id, vm, from, to, state: taskState, attempts: attempt, ...(error !== undefined && { error }) }
        })
      }),
      violations: violationsOf(program, evaluateWorld(now()).view),
    }
  } finally {
    await state.close()
  }
}
