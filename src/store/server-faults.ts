import { DiagnosticError } from '../diagnostic/index.ts'

/** The URL without what is secret, for messages. */
export function showUrl(url: string): string {
  const parts = /^(postgres(?:ql)?:\/\/)(?:([^:/@]*)(?::[^@]*)?@)?([^/?]*)(\/[^?]*)?/.exec(url)
  if (!parts) return 'the given URL'
  const [, protocol, user, host, database] = parts
  return `${protocol}${user ? `${user}@` : ''}${host}${database ?? ''}`
}

/** PostgreSQL's five-character code of a thrown value, or the operating system's. */
function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : ''
}

const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
])

/** What the driver says, without a code, when the server went away under it. */
const AWAY_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Client was closed)/i

/** Two transactions stood in each other's way, and this one was undone whole: it can be run again. */
export function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error))
}

/**
 * What PostgreSQL or its driver threw, in words a user can act on. Faults of our own (a wrong statement, a broken constraint) come
 * back as they are.
 */
export function explainServerFault(error: unknown, url: string): unknown {
  if (!(error instanceof Error) || error instanceof DiagnosticError) return error
  const code = codeOf(error)
  const where = `\`${showUrl(url)}\``
  const diagnostic = (name: string, message: string, help: string) =>
    new DiagnosticError([{ code: name, severity: 'error', message, help }])
  if (AWAY.has(code) || /^(08|57P0)/.test(code) || AWAY_WORDS.test(error.message))
    return diagnostic(
      'store/away',
      `the database ${where} does not answer`,
      'check that the server runs and can be reached; what was recorded is not lost, and work goes on when it is back',
    )
  if (code === '53300')
    return diagnostic(
      'store/away',
      `the database ${where} has no connection left`,
      'raise its `max_connections`, or run fewer processes',
    )
  if (code === '53100' || code === '53200' || code === '54000')
    return diagnostic(
      'store/disk-full',
      `no room left to write the database ${where}`,
      'free space on its disk: nothing that was recorded before is lost',
    )
  if (code === '55P03')
    return diagnostic(
      'store/locked',
      `the database ${where} is locked by another process`,
      'end the other process, or try again when it is done',
    )
  if (code === '25006' || code === '42501')
    return diagnostic(
      'store/read-only',
      `the database ${where} can't be written`,
      'give the user the right to create and change tables, or give another database',
    )
  if (/^(28|3D)/.test(code))
    return diagnostic(
      'store/refused',
      `the database ${where} refused the connection: ${error.message}`,
      'check user, password and the name of the database in the URL',
    )
  return error
}
