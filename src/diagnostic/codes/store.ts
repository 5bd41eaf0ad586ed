import type { CodeDoc } from './index.ts'

export const storeCodes = {} satisfies Record<string, CodeDoc>
