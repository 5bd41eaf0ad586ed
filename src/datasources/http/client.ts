import { setTimeout as delay } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, request as send } from 'undici'
import { connectionError, RequestError, shownUrl } from './errors.ts'
import { explainAnswer } from './explain-answer.ts'
import { type Secret, withoutSecrets } from './secret.ts'

export interface HttpOptions {
  /** Certificates of authorities to trust beside the usual ones, in PEM. */
  readonly ca?: string
  /** Trust any certificate. */
  readonly insecure?: boolean
  /** Milliseconds until a request without an answer fails. Default 30,000. */
  readonly timeout?: number
  /** Bytes of an answer at most. Default 64 MiB. */
  readonly largest?: number
  /** How often a request is tried in all. Default 4. */
  readonly tries?: number
  /** Milliseconds before the second try; doubles with each. Default 500. */
  readonly backOff?: number
  /** Requests at one time to one server. Default 8. */
  readonly connections?: number
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  readonly url: string
  /** Who is asked, for messages: `Nova`. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Whether repeating it changes nothing more; default: all methods but POST and PATCH. */
  readonly repeatable?: boolean
  /** How often it is tried in all, instead of the client's number. */
  readonly tries?: number
  readonly signal?: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed JSON; undefined when the answer has no body. */
  readonly body: unknown
}

/** A server that asks to be left alone for longer than this is not waited for: the failure tells how long. */
const LONGEST_WAIT = 30_000

/**
 * JSON over HTTP with retries. A request that failed is sent again, after a pause that doubles, when that can do no harm: it never
 * reached the server, the server said that it did not act (429, 503), or repeating changes nothing. `Retry-After` is obeyed.
 * Every failure is a `RequestError` with one diagnostic, in which no header, query or secret appears.
 */
export class HttpClient {
  readonly #agent: Dispatcher
  readonly #options: Required<Pick<HttpOptions, 'timeout' | 'largest' | 'tries' | 'backOff'>>
  /** What must never be shown. Secrets may be added as they come up. */
  readonly secrets = new Set<Secret>()

  constructor({ ca, insecure, connections = 8, ...options }: HttpOptions = {}) {
    this.#options = {
      timeout: options.timeout ?? 30_000,
      largest: options.largest ?? 64 * 2 ** 20,
      tries: options.tries ?? 4,
      backOff: options.backOff ?? 500,
    }
    const { timeout, largest } = this.#options
    this.#agent = new Agent({
      connections,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      maxResponseSize: largest,
      connect: {
        timeout: Math.min(timeout, 10_000),
        rejectUnauthorized: insecure !== true,
        ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
      },
    })
  }

  async json(call: HttpCall): Promise<HttpAnswer> {
    const tries = call.tries ?? this.#options.tries
    for (let tried = 1; ; tried++) {
      try {
        return await this.#once(call)
      } catch (thrown) {
        if (!(thrown instanceof RequestError) || !thrown.retryable || tried >= tries) throw thrown
        if (thrown.mayHaveActed && !isRepeatable(call)) throw thrown
        const pause = thrown.retryAfter ?? this.#options.backOff * 2 ** (tried - 1) * (0.5 + Math.random() / 2)
        if (pause > LONGEST_WAIT) throw thrown
        await delay(pause, undefined, call.signal ? { signal: call.signal } : {})
      }
    }
  }

  /** Close all connections; requests that run fail. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #once(call: HttpCall): Promise<HttpAnswer> {
    const { method, url, what } = call
    const { timeout, largest } = this.#options
    const deadline = AbortSignal.timeout(timeout)
    let status: number
    let headers: HttpAnswer['headers']
    let text: string
    try {
      const answer = await send(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          accept: 'application/json',
          'user-agent': 'usher',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...call.headers,
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal: call.signal ? AbortSignal.any([call.signal, deadline]) : deadline,
      })
      status = answer.statusCode
      headers = answer.headers
      text = await answer.body.text()
    } catch (thrown) {
      // An end that the caller asked for is no failure of the server's.
      if (call.signal?.aborted) throw thrown
      if (isTooLarge(thrown)) throw tooLarge(what, url, largest)
      throw this.#clean(connectionError(thrown, what, url, timeout / 1000))
    }
    const body = parsed(text)
    const failure = explainAnswer({ status, headers, text, body, what, url: shownUrl(url), method })
    if (failure) throw this.#clean(failure)
    return { status, headers, body }
  }

  #clean(error: RequestError): RequestError {
    const [diagnostic] = error.diagnostics
    const shown = withoutSecrets(diagnostic!.message, this.secrets)
    if (shown === diagnostic!.message) return error
    return new RequestError(
      { ...diagnostic!, message: shown },
      { ...error, answer: withoutSecrets(error.answer ?? '', this.secrets) },
    )
  }
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isRepeatable(call: HttpCall): boolean {
  return call.repeatable ?? (call.method !== 'POST' && call.method !== 'PATCH')
}

function isTooLarge(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
}

function tooLarge(what: string, url: string, largest: number): RequestError {
  return new RequestError(
    {
      code: 'source/answer-too-large',
      message: `${what} at \`${shownUrl(url)}\` answered more than ${Math.round(largest / 2 ** 20)} MiB`,
      help: 'raise `largestAnswer` if the answer is right, or lower `pageSize`',
    },
    { retryable: false, mayHaveActed: true },
  )
}
