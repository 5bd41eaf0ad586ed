import type { CodeDoc } from './index.ts'

export const workflowCodes = {} satisfies Record<string, CodeDoc>
