/**
 * Parts of control that load when they are first called: `check` must not wait for the solvers and the database driver, which take longer
 * to load than most policies take to check.
 */
type Apply = typeof import('./apply.ts')
type ApplyLive = typeof import('./apply-live.ts')
type BenchWorld = typeof import('./bench-world.ts')
type CreateService = typeof import('./service/create-service.ts')
type Compare = typeof import('./compare.ts')
type Doctor = typeof import('./service/doctor.ts')
type OpenDatabase = typeof import('./service/open-database.ts')
type ReadConfig = typeof import('./service/read-config.ts')
type FormatFiles = typeof import('./format-files.ts')
type ModelText = typeof import('./model-text.ts')
type PlacementReport = typeof import('./placement-report.ts')
type PlaceNew = typeof import('./place-new.ts')
type PlanModule = typeof import('./plan.ts')
type PlanReport = typeof import('./plan-report.ts')
type RunPlan = typeof import('./run-plan.ts')
type SimulateWorld = typeof import('./simulate-world.ts')

export const applyPlan: Apply['applyPlan'] = async (...given) => (await import('./apply.ts')).applyPlan(...given)

export const applyLive: ApplyLive['applyLive'] = async (...given) =>
  (await import('./apply-live.ts')).applyLive(...given)

export const openLiveWorld: ApplyLive['openLiveWorld'] = async (...given) =>
  (await import('./apply-live.ts')).openLiveWorld(...given)

export const benchWorld: BenchWorld['benchWorld'] = async (...given) =>
  (await import('./bench-world.ts')).benchWorld(...given)

export const compareWith: Compare['compareWith'] = async (...given) =>
  (await import('./compare.ts')).compareWith(...given)

export const createService: CreateService['createService'] = async (...given) =>
  (await import('./service/create-service.ts')).createService(...given)

export const examineService: Doctor['examineService'] = async (...given) =>
  (await import('./service/doctor.ts')).examineService(...given)

export const openDatabase: OpenDatabase['openDatabase'] = async (...given) =>
  (await import('./service/open-database.ts')).openDatabase(...given)

export const readServiceConfig = (async (...given: Parameters<ReadConfig['readServiceConfig']>) =>
  (await import('./service/read-config.ts')).readServiceConfig(...given)) as ReadConfig['readServiceConfig']

export const formatFiles: FormatFiles['formatFiles'] = async (...given) =>
  (await import('./format-files.ts')).formatFiles(...given)

export const modelText = async (...given: Parameters<ModelText['modelText']>): Promise<string> =>
  (await import('./model-text.ts')).modelText(...given)

/** What `usher place --json` prints, for checking. */
export const placementReportSchema = async (): Promise<PlacementReport['placementReportSchema']> =>
  (await import('./placement-report.ts')).placementReportSchema

export const placeNewVms: PlaceNew['placeNewVms'] = async (...given) =>
  (await import('./place-new.ts')).placeNewVms(...given)

export const planWorld: PlanModule['planWorld'] = async (...given) => (await import('./plan.ts')).planWorld(...given)

/** What `usher plan --json` prints, for checking. */
export const planReportSchema = async (): Promise<PlanReport['planReportSchema']> =>
  (await import('./plan-report.ts')).planReportSchema

export const runPlan: RunPlan['runPlan'] = async (...given) => (await import('./run-plan.ts')).runPlan(...given)

export const startPlan: RunPlan['startPlan'] = async (...given) => (await import('./run-plan.ts')).startPlan(...given)

export const simulateWorld: SimulateWorld['simulateWorld'] = async (...given) =>
  (await import('./simulate-world.ts')).simulateWorld(...given)
