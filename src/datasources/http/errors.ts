import { type Diagnostic, DiagnosticError } from '../../diagnostic/index.ts'

/** What is known of a request that failed, beside the words for people. */
export interface FailureFacts {
  /** The HTTP status, when there was an answer. */
  readonly status?: number
  /** Whether the same may succeed later. */
  readonly retryable: boolean
  /** Whether the server may have acted on it all the same: it was sent, and no answer says that it was refused. */
  readonly mayHaveActed: boolean
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfter?: number
  /** The server's own words. */
  readonly answer?: string
}

/** A request that failed: one diagnostic, and the facts that decide what to do. */
export class RequestError extends DiagnosticError implements FailureFacts {
  readonly status?: number
  readonly retryable: boolean
  readonly mayHaveActed: boolean
  readonly retryAfter?: number
  readonly answer?: string

  constructor(diagnostic: Omit<Diagnostic, 'severity'>, facts: FailureFacts) {
    super([{ severity: 'error', ...diagnostic }])
    this.name = 'RequestError'
    this.retryable = facts.retryable
    this.mayHaveActed = facts.mayHaveActed
    if (facts.status !== undefined) this.status = facts.status
    if (facts.retryAfter !== undefined) this.retryAfter = facts.retryAfter
    if (facts.answer !== undefined) this.answer = facts.answer
  }
}

/** What was asked for; undefined when the server answers that there is no such thing. */
export async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (thrown) {
    if (thrown instanceof RequestError && thrown.status === 404) return undefined
    throw thrown
  }
}

/** An address as it may be shown: without user, password and query, which may hold keys. */
export function shownUrl(url: string | URL): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return host === '' ? String(url) : `${protocol}//${host}${pathname}`
  } catch {
    return String(url).replace(/\/\/[^@/]*@/, '//')
  }
}

/** The failure to reach a server, in words: by the code of the operating system, OpenSSL or undici. */
export function connectionError(thrown: unknown, what: string, url: string, seconds: number): RequestError {
  const code = codeOf(thrown)
  const where = `${what} at \`${shownUrl(url)}\``
  const unsent = UNSENT.has(code) || TLS.test(code)
  const facts = { retryable: true, mayHaveActed: !unsent }
  if (TLS.test(code)) {
    return new RequestError(
      {
        code: 'source/tls',
        message: `${where} can't be trusted: ${TLS_WORDS[code] ?? `TLS failed with ${code}`}`,
        help: TLS_HELP[code] ?? 'give the certificate of its authority as `caFile` (`cacert` in clouds.yaml)',
      },
      { ...facts, retryable: false },
    )
  }
  if (TIMEOUTS.has(code)) {
    return new RequestError(
      {
        code: 'source/timeout',
        message: `${where} did not answer within ${seconds} s`,
        help: 'look whether the service is well, or give it more time with `timeout`',
      },
      facts,
    )
  }
  return new RequestError(
    {
      code: 'source/unreachable',
      message: `${where} can't be reached: ${WORDS[code] ?? (code || String(thrown))}`,
      help: 'check the address, and that the service runs and can be reached from here',
    },
    facts,
  )
}

/** The code of an error, or of what caused it. */
function codeOf(thrown: unknown): string {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth++) {
    if (error.name === 'TimeoutError') return 'ETIMEDOUT'
    if ('code' in error && typeof error.code === 'string') return error.code
    if (error instanceof AggregateError) {
      const inner = error.errors.map(codeOf).find(code => code !== '')
      if (inner) return inner
    }
  }
  return ''
}

/** Nothing was sent: there was no connection. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

const TIMEOUTS = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  ENOTFOUND: 'no such host name is known',
  EAI_AGAIN: 'the name server does not answer',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to its network',
  UND_ERR_INVALID_ARG: 'that is no address of a web service',
  ERR_INVALID_URL: 'that is no address of a web service',
}

const TLS = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|ALTNAME|^EPROTO$/

const TLS_WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an authority that is not known here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  EPROTO: 'it does not speak TLS',
}

const TLS_HELP: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'use the host name that the certificate is for',
  CERT_HAS_EXPIRED: 'renew the certificate of the service',
  CERT_NOT_YET_VALID: 'check the clocks of both machines',
  ERR_SSL_WRONG_VERSION_NUMBER: 'write `http://` if the service is meant to be open, or correct the port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'write `http://` if the service is meant to be open, or correct the port',
  EPROTO: 'write `http://` if the service is meant to be open, or correct the port',
}
