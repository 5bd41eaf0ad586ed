import { RequestError } from './errors.ts'

/** An answer as it came, with what is needed to speak of it. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The text as JSON; undefined when it is none. */
  readonly body: unknown
  readonly what: string
  readonly url: string
  readonly method: string
}

/** What is wrong with an answer, or undefined when it is JSON (or empty) and not a refusal. 300 is how Keystone and Glance list versions. */
export function explainAnswer(answer: RawAnswer): RequestError | undefined {
  const { status, text, body, what, url } = answer
  if (status <= 300 && (body !== undefined || text === '')) return undefined
  if (status <= 300) {
    const kind = /^\s*</.test(text) ? 'an HTML page' : 'something'
    return new RequestError(
      {
        code: 'source/not-json',
        message: `${what} at \`${url}\` answered ${kind} instead of JSON`,
        help: 'check the address: a proxy or a web page may stand there in place of the service',
      },
      { status, retryable: false, mayHaveActed: true },
    )
  }
  const words = serverWords(body)
  const said = words ? `: ${words}` : ''
  const retryAfter = retryAfterOf(answer.headers['retry-after'])
  const facts = {
    status,
    // After 429 and 503 the server has not acted; a 502 or 504 comes from a proxy, behind which it may have.
    retryable: RETRYABLE.has(status),
    mayHaveActed: status === 500 || status === 502 || status === 504,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(words ? { answer: words } : {}),
  }
  const refusal = (code: string, message: string, help: string) => new RequestError({ code, message, help }, facts)
  if (status === 401) {
    return refusal(
      'source/login-refused',
      `${what} at \`${url}\` refused the login${said}`,
      'check user, password, domains and project, or the application credential',
    )
  }
  if (status === 403) {
    return refusal(
      'source/forbidden',
      `${what} at \`${url}\` does not allow this user to see or do that${said}`,
      'give the user the role that the service asks for, mostly `admin`; reading works with `reader` on the system scope',
    )
  }
  if (status === 404) {
    return refusal(
      'source/not-found',
      `${what} knows nothing at \`${url}\`${said}`,
      'check the address of the service, and that what is asked for still exists',
    )
  }
  if (status === 406) {
    return refusal(
      'source/microversion',
      `${what} at \`${url}\` does not speak that API version${said}`,
      'set `microversion` of the service to one that it speaks',
    )
  }
  if (status === 429) {
    return refusal(
      'source/too-many-requests',
      `${what} at \`${url}\` asks for fewer requests${said}`,
      'raise the poll intervals, or the limit of the service',
    )
  }
  if (status >= 500) {
    return refusal(
      'source/broken',
      `${what} at \`${url}\` failed with status ${status}${said}`,
      'look into the log of the service',
    )
  }
  if (status > 300 && status < 400) {
    const to = answer.headers['location']
    return refusal(
      'source/moved',
      `${what} is not at \`${url}\` but elsewhere (status ${status})`,
      typeof to === 'string' ? `use \`${to.split('?')[0]}\`` : 'correct the address',
    )
  }
  return refusal(
    'source/refused',
    `${what} refused \`${answer.method} ${url}\` with status ${status}${said}`,
    'see what the service says',
  )
}

const RETRYABLE = new Set([429, 502, 503, 504])

/**
 * The words of a refusal. Each service has its own form: `{"badRequest": {"message"}}` (Nova, Cinder), `{"error": {"message"}}`
 * (Keystone), `{"NeutronError": {"message"}}`, `{"errors": [{"detail"}]}` (Placement), `{"description"}` (Gnocchi), `{"error": "…"}`
 * (Prometheus).
 */
function serverWords(body: unknown): string | undefined {
  const found = words(body, 3)
  if (found === undefined) return undefined
  const line = found.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}

const SAYS = ['message', 'detail', 'description', 'error', 'cause']

function words(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || depth === 0) return undefined
  const fields = value as Readonly<Record<string, unknown>>
  const inOrder = [...SAYS.map(name => fields[name]), ...Object.values(fields)]
  for (const field of inOrder) {
    if (typeof field === 'string' && !SAYS.some(name => fields[name] === field)) continue
    const found = words(field, depth - 1)
    if (found) return found
  }
  return undefined
}

/** Milliseconds from now, of a number of seconds or a date. */
function retryAfterOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
