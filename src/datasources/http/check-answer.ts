import type { z } from 'zod'
import { fail } from '../../diagnostic/index.ts'
import { shownUrl } from './errors.ts'

/** The answer, checked. Throws a `DiagnosticError` that names the first place where it is not as it should be. */
export function checkAnswer<T>(schema: z.ZodType<T>, body: unknown, what: string, url: string): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const at = issue.path.map(String).join('.')
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  fail(
    'source/unexpected-answer',
    `${what} at \`${shownUrl(url)}\` answered otherwise than its API says: ${at === '' ? '' : `\`${at}\`: `}${message}`,
    { help: 'check that the address is that of the service, and which release it is' },
  )
}
