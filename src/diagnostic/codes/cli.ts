import type { CodeDoc } from './index.ts'

export const cliCodes = {} satisfies Record<string, CodeDoc>
