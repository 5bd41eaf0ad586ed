import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { Program } from '../../../language/index.ts'
import type { PlaceOptions, Violation } from '../../../placement/index.ts'
import type { NewVmRow } from '../../new-vm-rows.ts'
import type { PlacementReport } from '../../placement-report.ts'
import type { PlanReport } from '../../plan-report.ts'
import type { PackedTables } from './pack.ts'

/** What is computed outside the thread that answers. */
export type Job = PlanJob | PlaceNewJob | PreviewJob | ReplayJob

/** How a plan is to be looked for. */
export interface Planning {
  readonly place: Pick<PlaceOptions, 'solver' | 'timeLimitSeconds' | 'within' | 'explain' | 'exclude'>
  readonly perHost: number
  readonly global: number
}

/** Place and plan. */
export interface PlanJob {
  readonly kind: 'plan'
  readonly program: Program
  readonly tables: PackedTables
  readonly planning: Planning
}

/** Find hosts for new VMs. */
export interface PlaceNewJob {
  readonly kind: 'place new'
  readonly program: Program
  readonly tables: PackedTables
  readonly vms: readonly string[]
  readonly rows: readonly NewVmRow[]
  readonly moveOthers: boolean
  readonly planning: Planning
}

/** What another program would say of the same tables. */
export interface PreviewJob {
  readonly kind: 'preview'
  readonly before: Program
  readonly after: Program
  readonly tables: PackedTables
  readonly limits: { readonly milliseconds: number; readonly derivedTuples: number; readonly megabytes: number }
  /** The program that plans are made with, and how; absent: no plan. */
  readonly plan?: { readonly program: Program; readonly planning: Planning }
}

/** What a program says of tables. */
export interface ReplayJob {
  readonly kind: 'replay'
  readonly program: Program
  readonly tables: PackedTables
  readonly limits: PreviewJob['limits']
}

export interface PreviewResult {
  readonly appear: readonly Violation[]
  readonly vanish: readonly Violation[]
  readonly plan?: PlanReport
  /** Why there is no plan, or why a policy is not evaluated. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface JobResults {
  readonly plan: PlanReport
  readonly 'place new': PlacementReport
  readonly preview: PreviewResult
  readonly replay: readonly Violation[]
}

export interface JobMessage {
  readonly id: number
  readonly job: Job
}

export type JobAnswer =
  | { readonly id: number; readonly kind: 'result'; readonly result: JobResults[Job['kind']] }
  | { readonly id: number; readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly id: number; readonly kind: 'fault'; readonly message: string; readonly stack: string | undefined }
