/**
 * Parts of control that load when they are first called: `check` must not wait for the solvers and the database driver, which take longer
 * to load than most policies take to check.
 */
type Apply = typeof import('./apply.ts')
type Compare = typeof import('./compare.ts')
type ModelText = typeof import('./model-text.ts')
type PlanModule = typeof import('./plan.ts')
type RunPlan = typeof import('./run-plan.ts')

export const applyPlan: Apply['applyPlan'] = async (...given) => (await import('./apply.ts')).applyPlan(...given)

export const compareWith: Compare['compareWith'] = async (...given) =>
  (await import('./compare.ts')).compareWith(...given)

export const modelText = async (...given: Parameters<ModelText['modelText']>): Promise<string> =>
  (await import('./model-text.ts')).modelText(...given)

export const planWorld: PlanModule['planWorld'] = async (...given) => (await import('./plan.ts')).planWorld(...given)

export const runPlan: RunPlan['runPlan'] = async (...given) => (await import('./run-plan.ts')).runPlan(...given)

export const startPlan: RunPlan['startPlan'] = async (...given) => (await import('./run-plan.ts')).startPlan(...given)
