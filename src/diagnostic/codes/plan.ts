import type { CodeDoc } from './index.ts'

export const planCodes = {} satisfies Record<string, CodeDoc>
