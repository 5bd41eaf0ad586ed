import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../datasources/index.ts'
import type { Program } from '../language/index.ts'
import type { PlaceOptions, Violation } from '../placement/index.ts'
import type { Store } from '../store/index.ts'
import type { Snapshot } from '../tables/index.ts'
import { type ExecutionState, type ExecutionView, showExecution } from '../workflow/index.ts'
import { type CloudView, viewOfTables } from './cloud-view.ts'
import { evaluateWorld, violationsOf } from './evaluate.ts'
import { type PlanOptions, planWorld, presentPlacement } from './plan.ts'
import type { PlanReport } from './plan-report.ts'
import type { Sources } from './policy-files.ts'
import { excludedBy, heldBy, isUnchanged, type Refusal, refusalIn } from './refusals.ts'
import { copiesOf, type MoveEvent, movesOf, runPlan, startPlan, toleratedOf, unfinishedPlan } from './run-plan.ts'
import { openState } from './state-folder.ts'
import { openWorld, type World, type WorldRequest } from './world.ts'

export interface ApplyRequest extends WorldRequest {
  readonly place?: PlaceOptions
  readonly plan?: PlanOptions
  /** Where the simulated cloud and the workflow keep their state. Default: a folder that is removed at the end. */
  readonly state?: string
  readonly secondsPerMigration: number
}

export type ApplyProgress =
  | { readonly kind: 'planned'; readonly report: PlanReport }
  /** An earlier process was killed while it carried this execution out. */
  | { readonly kind: 'continued'; readonly execution: string; readonly done: number; readonly total: number }
  | ({ readonly kind: 'move' /** Since `apply` began to move. */; readonly seconds: number } & MoveEvent)

/** What became of a move or a copy. */
interface StepResult {
  readonly id: string
  readonly from: unknown
  readonly to: unknown
  readonly state: string
  readonly attempts: number
  readonly error?: string
}

export interface ApplyResult {
  /** Undefined: there was nothing to move. */
  readonly execution: string | undefined
  readonly state: ExecutionState
  readonly continued: boolean
  readonly plan: PlanReport | undefined
  readonly moves: readonly ({ readonly vm: unknown } & StepResult)[]
  /** Images that were brought to hosts. */
  readonly copies: readonly ({ readonly image: unknown } & StepResult)[]
  /** What violates the policies when all is done. */
  readonly violations: readonly Violation[]
}

/** How often a plan that failed is followed by another. */
const REPLANS = 2

/** Before another plan for a cloud that did not let the last be carried out. */
const LONGEST_PAUSE_MS = 30_000

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
  const { secondsPerMigration, place, plan } = request
  const state = await openState({ folder, start: tables, secondsPerMigration })
  const { simulator, store } = state
  try {
    const site = { store, cloud: simulator, tables: () => simulator.snapshot() }
    const timeoutSeconds = 60 + PATIENCE * secondsPerMigration
    return await applyOn(
      site,
      program,
      { timeoutSeconds, replans: REPLANS, ...(place && { place }), ...(plan && { plan }) },
      onProgress,
    )
  } finally {
    await state.close()
  }
}

/** A cloud to carry plans out on, and where their state is kept. */
export interface Site {
  readonly store: Store
  readonly cloud: Cloud
  /** The cloud as it is now. */
  tables(): Snapshot
  /** Of a cloud that others change too: resolves when the tables have been read again. */
  refresh?(): Promise<void>
  /** Milliseconds to let pass. Default: a timer. */
  wait?(ms: number): Promise<unknown>
}

export interface ApplyOptions {
  readonly place?: PlaceOptions
  readonly plan?: PlanOptions
  /** How long one try of a migration may take. */
  readonly timeoutSeconds: number
  /** How often another plan may follow. */
  readonly replans: number
}

/**
 * Carry out what is unfinished, or else plan and carry that out; plan again when the cloud is not what the plan counted on, without what
 * the cloud has refused, and, on a cloud that others change too, until nothing is left to mend.
 */
export async function applyOn(
  site: Site,
  program: Program,
  options: ApplyOptions,
  onProgress: (progress: ApplyProgress) => void,
): Promise<ApplyResult> {
  const { store, cloud } = site
  const tables = () => site.tables()
  const now = (): World => ({ program, tables: tables(), warnings: [] })
  const violations = () => violationsOf(program, evaluateWorld(now()).view)
  const look = viewOfTables(tables)
  /** What the cloud refused of each plan. */
  const refusals: (readonly Refusal[])[] = []
  const unfinished = await unfinishedPlan(store)
  let execution = unfinished?.id
  let plan: PlanReport | undefined
  const planAndStart = async (): Promise<string | undefined> => {
    // Whether a host takes a VM hangs on others too, which may have changed since.
    const recent = refusals.flatMap((of, i) => of.filter(one => one.host === undefined || i >= refusals.length - 2))
    const standing = recent.filter(refusal => isUnchanged(refusal, look))
    const held = heldBy(standing)
    const world = now()
    const place = { ...options.place, exclude: [...(options.place?.exclude ?? []), ...excludedBy(standing)] }
    plan = { ...(await planWorld(world, held.length > 0 ? holding(held, place, world) : place, options.plan)), held }
    onProgress({ kind: 'planned', report: plan })
    if (plan.moves.length + plan.copies.length === 0) return undefined
    const tolerated = [...plan.violationsBefore.map(v => v.text), ...plan.brokenOnTheWay.map(b => b.violation)]
    return startPlan(store, plan, options.timeoutSeconds, tolerated)
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
      cloud,
      next,
      event => onProgress({ kind: 'move', seconds: (performance.now() - begun) / 1000, ...event }),
      { program, tables, tolerated },
    )
    views.push(view)
    execution = next
    // What stood in the way of this one may need some time to pass.
    if (site.refresh && view.state === 'failed')
      await (site.wait ?? sleep)(Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** views.length))
    await site.refresh?.()
    refusals.push(await refusedBy(cloud, view, look))
    // The rest of a plan that met another cloud than it was made for is left; a new one begins where this one ended.
    const again = view.state === 'failed' || (site.refresh !== undefined && violations().length > 0)
    next = again && views.length <= options.replans ? await planAndStart() : undefined
  }
  const last = views.at(-1)
  return {
    execution,
    // Tasks that were left are not missed when the last plan has nothing more to do.
    state: last?.state ?? 'succeeded',
    continued: unfinished !== undefined,
    plan,
    moves: views.flatMap(view =>
      movesOf(view).map(({ id, vm, from, to }) => ({ id, vm, from, to, ...fateOf(view, id) })),
    ),
    copies: views.flatMap(view =>
      copiesOf(view).map(({ id, image, from, to }) => ({ id, image, from, to, ...fateOf(view, id) })),
    ),
    violations: violations(),
  }
}

/** With some VMs left where they are. */
function holding(held: PlanReport['held'], place: PlaceOptions, world: World): PlaceOptions {
  const staying = new Set(held.map(({ vm }) => vm))
  const vms = place.within?.vms ?? presentPlacement(world).keys()
  return { ...place, within: { ...place.within, vms: new Set([...vms].filter(vm => !staying.has(vm))) } }
}

/** What the cloud has refused: the next plans do without it. */
async function refusedBy(cloud: Cloud, view: ExecutionView, look: CloudView): Promise<Refusal[]> {
  const moves = new Map(movesOf(view).map(move => [move.id, move]))
  const found: Refusal[] = []
  for (const { name, id, attempt, state } of view.tasks) {
    const move = moves.get(name)
    if (state !== 'failed' || !move) continue
    const status = await cloud.status(`${id}/${attempt}`)
    const refusal = status && refusalIn(status, move, look)
    // What may go well another time is tried again as it is.
    if (refusal && refusal.remedy !== 'again') found.push(refusal)
  }
  return found
}

/** What became of a task. */
function fateOf(view: ExecutionView, id: string): { state: string; attempts: number; error?: string } {
  const { state = 'waiting', attempt = 0, error } = view.tasks.find(task => task.name === id) ?? {}
  return { state, attempts: attempt, ...(error !== undefined && { error }) }
}
