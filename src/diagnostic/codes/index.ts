import { actionCodes } from './action.ts'
import { apiCodes } from './api.ts'
import { cliCodes } from './cli.ts'
import { controlCodes } from './control.ts'
import { dataCodes } from './data.ts'
import { datalogCodes } from './datalog.ts'
import { languageCodes } from './language.ts'
import { placementCodes } from './placement.ts'
import { planCodes } from './plan.ts'
import { solverCodes } from './solver.ts'
import { sourceCodes } from './source.ts'
import { sqlCodes } from './sql.ts'
import { storeCodes } from './store.ts'
import { workflowCodes } from './workflow.ts'

/** What a code means, why it exists and what to do: one entry for each code; docs/reference/diagnostics.md is made from them. */
export interface CodeDoc {
  readonly title: string
  readonly why: string
  readonly mend: string
}

/** Every diagnostic code, `room/name`, never reused. */
export const codeDocs: Readonly<Record<string, CodeDoc>> = {
  ...languageCodes,
  ...dataCodes,
  ...sourceCodes,
  ...actionCodes,
  ...datalogCodes,
  ...sqlCodes,
  ...solverCodes,
  ...placementCodes,
  ...planCodes,
  ...workflowCodes,
  ...storeCodes,
  ...apiCodes,
  ...controlCodes,
  ...cliCodes,
}
