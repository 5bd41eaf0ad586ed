import type { CodeDoc } from './index.ts'

export const solverCodes = {} satisfies Record<string, CodeDoc>
