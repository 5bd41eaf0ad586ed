import { z } from 'zod'
import { fail } from '../../diagnostic/index.ts'
import { checkAnswer, type HttpClient, type Secret } from '../http/index.ts'

const sample = z.tuple([z.number(), z.string()])
const labels = z.record(z.string(), z.string())
const instant = z.object({
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: labels, value: sample })) }),
    z.object({ resultType: z.literal('scalar'), result: sample }),
  ]),
})
const ranged = z.object({
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: labels, values: z.array(sample) })),
  }),
})

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** Seconds since 1970, and the value; what is NaN or infinite is left out. */
  readonly points: readonly (readonly [number, number])[]
}

export interface PrometheusLogin {
  readonly username?: string | undefined
  readonly password?: Secret | undefined
  readonly token?: Secret | undefined
}

/** The HTTP API of Prometheus, or of anything that speaks it (Thanos, Mimir, VictoriaMetrics). */
export class PrometheusClient {
  readonly #http: HttpClient
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(http: HttpClient, url: string, { username, password, token }: PrometheusLogin) {
    this.#http = http
    this.#url = url.replace(/\/+$/, '')
    for (const secret of [password, token]) if (secret) http.secrets.add(secret)
    const basic = username === undefined ? undefined : btoa(`${username}:${password?.reveal() ?? ''}`)
    const authorization = token ? `Bearer ${token.reveal()}` : basic && `Basic ${basic}`
    this.#headers = authorization ? { authorization } : {}
  }

  /** What a query gives now. */
  async now(query: string, signal: AbortSignal): Promise<Series[]> {
    const { data } = await this.#ask('/api/v1/query', { query }, instant, signal)
    if (data.resultType === 'scalar') return [{ labels: {}, points: finite([data.result]) }]
    return data.result.map(({ metric, value }) => ({ labels: metric, points: finite([value]) }))
  }

  /** What a query gave from `start` to `end`, seconds since 1970, every `step` seconds. */
  async range(
    query: string,
    span: { start: number; end: number; step: number },
    signal: AbortSignal,
  ): Promise<Series[]> {
    const { start, end, step } = span
    const { data } = await this.#ask('/api/v1/query_range', { query, start, end, step }, ranged, signal)
    return data.result.map(({ metric, values }) => ({ labels: metric, points: finite(values) }))
  }

  async #ask<T>(
    path: string,
    parameters: Readonly<Record<string, string | number>>,
    answer: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const url = `${this.#url}${path}`
    const query = new URLSearchParams(
      Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const { body } = await this.#http.json({
      method: 'GET',
      url: `${url}?${query}`,
      what: 'Prometheus',
      headers: this.#headers,
      signal,
    })
    if (z.object({ status: z.literal('success') }).safeParse(body).success)
      return checkAnswer(answer, body, 'Prometheus', url)
    fail('source/unexpected-answer', `what answers at \`${url}\` is not Prometheus`, {
      help: 'check `url` of the data source',
    })
  }
}

function finite(samples: readonly (readonly [number, string])[]): [number, number][] {
  return samples
    .map(([time, text]): [number, number] => [time, Number(text)])
    .filter(([, value]) => Number.isFinite(value))
}
