import type { FastifyError } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'

/** One thing that is wrong, and where. */
export interface FaultDetail extends Diagnostic {
  /** Where in the request: `body.name`, `query.limit`, `headers.if-match`. */
  readonly field?: string
}

/** A refusal, ready to be sent. `diagnostics` is never empty; the first is the answer's own code and message. */
export interface Fault {
  readonly status: number
  readonly diagnostics: readonly FaultDetail[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Thrown by the API's own code. */
export class ApiError extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.diagnostics[0]!.message)
    this.name = 'ApiError'
    this.fault = fault
  }
}

/** Refuse a request. */
export function refuse(
  status: number,
  code: string,
  message: string,
  more: { readonly help?: string; readonly field?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): never {
  const { headers, ...rest } = more
  throw new ApiError({
    status,
    diagnostics: [{ code, severity: 'error', message, ...rest }],
    ...(headers ? { headers } : {}),
  })
}

export function notFound(what: string, id: string): never {
  refuse(404, 'api/not-found', `there is no ${what} \`${id}\``)
}

/** `value`, or a refusal saying that there is no such thing. */
export function found<T>(value: T | undefined, what: string, id: string): T {
  return value === undefined ? notFound(what, id) : value
}

/** Codes of diagnostics that are answered with another status than 400; the first that fits counts. */
const STATUS: readonly (readonly [RegExp, number])[] = [
  [/^store\//, 503],
  [/^api\/keystone-away$/, 503],
  [/^control\/policy-changed-meanwhile$/, 412],
  [/-(taken|exists)$/, 409],
  [/-(outdated|decided|expired|running|ended)$/, 409],
  [/\/(no-such|unknown)-[\w-]+$/, 404],
  [/-(away|unreachable|stopped|starting)$/, 503],
]

const WAIT = { 'retry-after': '5' }

/** What a thrown value means to the caller. Anything that is no mistake of the caller is ours: no word of it leaves the house. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ApiError) return thrown.fault
  if (thrown instanceof DiagnosticError && thrown.diagnostics.length > 0) {
    const diagnostics = [...thrown.diagnostics].sort((a, b) => rank(a) - rank(b)).map(withoutPlaces)
    const status = statusOf(diagnostics[0]!.code)
    return { status, diagnostics, ...(status === 503 ? { headers: WAIT } : {}) }
  }
  return (thrown instanceof Error && faultOfFramework(thrown as FastifyError)) || INTERNAL
}

export function statusOf(code: string): number {
  if (code.startsWith('language/') || code.startsWith('datalog/')) return 400
  return STATUS.find(([pattern]) => pattern.test(code))?.[1] ?? 400
}

/** Where the database is, and as whom it is asked, is nobody's business but the operator's, who reads the log. */
function withoutPlaces(d: Diagnostic): Diagnostic {
  if (!d.code.startsWith('store/')) return d
  return { code: d.code, severity: d.severity, message: withoutNames(d.message) }
}

/** A message without what stands in backticks. */
export function withoutNames(message: string): string {
  return message.replaceAll(/ ?`[^`]*`/g, '')
}

const rank = (d: Diagnostic): number => ['error', 'warning', 'info'].indexOf(d.severity)

const INTERNAL: Fault = {
  status: 500,
  diagnostics: [
    {
      code: 'api/internal',
      severity: 'error',
      message: 'something went wrong inside of usher; this is our fault, not yours',
      help: 'report it with the id of the request',
    },
  ],
}

/** Codes of Fastify's own refusals. */
const FRAMEWORK: Readonly<Record<string, readonly [number, string, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'api/too-large', 'the body is longer than this route takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'api/media-type', 'the body has a media type that is not taken'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'api/not-json', 'the body is not JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'api/not-json', 'the body is empty, and JSON was announced'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'api/bad-request', 'the body is not as long as it was announced'],
  FST_ERR_CTP_BODY_ALREADY_PARSED: [400, 'api/bad-request', 'the body can not be read'],
  FST_ERR_BAD_URL: [400, 'api/bad-request', 'the path is not a valid one'],
  FST_ERR_MAX_PARAM_LENGTH: [400, 'api/bad-request', 'a part of the path is too long'],
  FST_ERR_ASYNC_CONSTRAINT: [400, 'api/bad-request', 'the request can not be routed'],
}

function faultOfFramework(error: FastifyError): Fault | undefined {
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error)
  if (error instanceof SyntaxError && error.statusCode === 400)
    return refusal(400, 'api/not-json', `the body is not JSON`)
  const known = FRAMEWORK[error.code]
  if (known) return refusal(...known)
  // Only refusals of the framework itself carry a status below 500.
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return refusal(error.statusCode, 'api/bad-request', 'the request can not be read')
  return undefined
}

function refusal(status: number, code: string, message: string): Fault {
  return { status, diagnostics: [{ code, severity: 'error', message }] }
}

const PARTS: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' }

type Invalid = FastifyError & {
  validation?: readonly { instancePath: string; message?: string; params: Record<string, unknown> }[] | null
  validationContext?: string
}

/** One diagnostic for each field that has another form than the schema wants. */
function invalid(error: Invalid): Fault {
  const context = error.validationContext ?? 'body'
  const part = PARTS[context] ?? context
  const details = (error.validation ?? []).map(issue => {
    const place = issue.instancePath.split('/').filter(step => step !== '')
    const message = (issue.message ?? 'is not valid').replace(/^Invalid input: /, '')
    return {
      code: 'api/bad-request',
      severity: 'error' as const,
      field: [part, ...place].join('.'),
      message: message.charAt(0).toLowerCase() + message.slice(1),
    }
  })
  const fields = details.map(d => `\`${d.field}\``).join(', ')
  const head = {
    code: 'api/bad-request',
    severity: 'error' as const,
    message: `${fields} ${details.length === 1 ? 'is' : 'are'} not as this route wants`,
  }
  return { status: 400, diagnostics: [head, ...details] }
}

/** Congress's own code of a rule that can not be read; its other codes are those of HTTP. */
const RULE_SYNTAX = 1002

/** The body of every refusal. */
export interface FaultBody {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly help?: string
    readonly requestId: string
    /** Each thing that is wrong, where there is more to say than the message. */
    readonly details: readonly FaultDetail[]
    /** For clients of Congress. */
    readonly error_code?: number
    readonly error_data?: null
  }
}

export function faultBody({ status, diagnostics }: Fault, requestId: string, congress: boolean): FaultBody {
  const [first, ...rest] = diagnostics
  const { code, message, help } = first!
  const alone = rest.length === 0 && (first!.span || first!.notes || first!.field)
  return {
    error: {
      code,
      message,
      ...(help === undefined ? {} : { help }),
      requestId,
      details: alone ? [first!] : rest.length > 0 && code !== 'api/bad-request' ? diagnostics : rest,
      ...(congress ? { error_code: code.startsWith('language/') ? RULE_SYNTAX : status, error_data: null } : {}),
    },
  }
}
