/**
 * Control: closes the ring. Cycles: evaluate ▶ place ▶ plan ▶ run. Takes policy files, folders of tables and wishes; gives answers.
 * The command line (and any other face) shows them and holds no logic of its own. Knows nothing of terminals.
 */
export type { ApplyProgress, ApplyRequest, ApplyResult } from './apply.ts'
export type { Bench, BenchRequest, TableUpdates } from './bench-world.ts'
export type { ComparisonRow } from './compare.ts'
export { absenceJson, derivationJson } from './derivation-json.ts'
export { derivationText } from './derivation-text.ts'
export { ask, evaluateWithin, evaluateWorld, readTupleText, violationsOf } from './evaluate.ts'
export type { FormatResult } from './format-files.ts'
export { type HostChange, hostChanges } from './host-changes.ts'
export type { ModelFormat } from './model-text.ts'
export {
  applyLive,
  applyPlan,
  benchWorld,
  compareWith,
  createService,
  examineService,
  formatFiles,
  modelText,
  openDatabase,
  openLiveWorld,
  placementReportSchema,
  placeNewVms,
  planReportSchema,
  planWorld,
  readServiceConfig,
  runPlan,
  simulateWorld,
  startPlan,
} from './on-demand.ts'
export type { PlaceNewRequest } from './place-new.ts'
export type { PlacementReport } from './placement-report.ts'
export type { PlanOptions } from './plan.ts'
export type { PlanReport } from './plan-report.ts'
export type { WorkflowMove } from './plan-workflow.ts'
export type { MoveEvent } from './run-plan.ts'
export type { ServiceConfig, ServiceConfigInput } from './service/config.ts'
export type { ServiceParts } from './service/create-service.ts'
export type * from './service/types.ts'
export type * from './service/types.ts'
export { Session, TYPED } from './session.ts'
export type { SimulationRequest, WorldSimulation } from './simulate-world.ts'
export { examine, openWorld, type World, type WorldRequest } from './world.ts'
