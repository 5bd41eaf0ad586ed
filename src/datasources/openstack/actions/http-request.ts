import { z } from 'zod'
import { type HttpClient, RequestError } from '../../http/index.ts'
import { type ActionType, failed, refused, type Trace } from './action-type.ts'

const input = z.object({
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
})
type Input = z.infer<typeof input>

/** Call a web hook. Only hosts that the configuration allows can be called: policies are written by people who may not be asked twice. */
export function httpRequest(http: HttpClient, allowed: readonly string[]): ActionType<Input, Trace> {
  return {
    name: 'http:request',
    description: 'call a web service',
    inputs: [
      { name: 'url', description: 'its address; the host must be allowed by the configuration', required: true },
      { name: 'method', description: 'POST, or another', required: false },
      { name: 'headers', description: 'by name', required: false },
      { name: 'body', description: 'sent as JSON', required: false },
    ],
    input,
    async look({ url }) {
      const { host, hostname } = new URL(url)
      if (!allowed.some(pattern => allows(pattern, host, hostname)))
        return refused(`the host \`${host}\` is not among those that may be called`, 'never')
      return { kind: 'go', trace: {} }
    },
    async send({ url, method, headers, body }, _trace, token) {
      try {
        await http.json({
          method,
          url,
          what: 'the web hook',
          headers: { ...headers, 'idempotency-key': token },
          tries: 1,
          ...(body !== undefined && { body }),
        })
      } catch (thrown) {
        // Hooks need not answer in JSON.
        if (!(thrown instanceof RequestError) || thrown.status === undefined || thrown.status >= 300) throw thrown
      }
    },
    async follow({ method }, _trace, sent) {
      if (sent) return { kind: 'succeeded' }
      return method === 'POST' || method === 'PATCH'
        ? failed('it is not known whether the request was sent', 'never')
        : { kind: 'unknown' }
    },
  }
}

/** `example.org`, `example.org:8080`, or `*.example.org` for all below it. A pattern without a port allows every port. */
function allows(pattern: string, host: string, hostname: string): boolean {
  const subject = /:\d+$/.test(pattern) ? host : hostname
  return pattern.startsWith('*.') ? subject.endsWith(pattern.slice(1)) : subject === pattern.toLowerCase()
}
