import type { CodeDoc } from './index.ts'

export const datalogCodes = {} satisfies Record<string, CodeDoc>
