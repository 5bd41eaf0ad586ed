import type { CodeDoc } from './index.ts'
import { syntaxCodes } from './language-syntax.ts'

export const languageCodes = { ...syntaxCodes } satisfies Record<string, CodeDoc>
