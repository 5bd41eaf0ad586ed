import type { CodeDoc } from './index.ts'
import { checkCodes } from './language-check.ts'
import { syntaxCodes } from './language-syntax.ts'

export const languageCodes = { ...syntaxCodes, ...checkCodes } satisfies Record<string, CodeDoc>
