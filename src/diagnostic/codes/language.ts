import type { CodeDoc } from './index.ts'

export const languageCodes = {} satisfies Record<string, CodeDoc>
