import type { CodeDoc } from './index.ts'

export const placementCodes = {} satisfies Record<string, CodeDoc>
