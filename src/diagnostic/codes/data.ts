import type { CodeDoc } from './index.ts'

export const dataCodes = {} satisfies Record<string, CodeDoc>
