import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Actor } from '../control/index.ts'
import type { Allow } from './security/roles.ts'

/** What may be seen of a value: lists and objects in it are not to be written to. */
type Seen<T> = T extends readonly (infer U)[]
  ? readonly Seen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Seen<T[K]> }
    : T

type Shape = Readonly<Record<string, z.ZodType>>
type Read<S extends Shape> = z.output<z.ZodObject<S>>

/** A request that was let in and whose parts have the form that the endpoint asks for. */
export interface Asked<P extends Shape, Q extends Shape, B extends z.ZodType> {
  readonly params: Read<P>
  readonly query: Read<Q>
  readonly body: z.output<B>
  /** For the audit log. */
  readonly actor: Actor
  readonly request: FastifyRequest
  /** For headers and other statuses than the usual one. */
  readonly reply: FastifyReply
}

interface EndpointSpec<P extends Shape, Q extends Shape, B extends z.ZodType, A extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  /** In the documentation: what it does, in a few words. */
  readonly summary: string
  readonly description?: string
  readonly tag: string
  readonly allow: Allow
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** What it answers. Absent: nothing, with status 204. */
  readonly answer?: A
  /** Default 200. */
  readonly status?: number
  /** Further statuses that come with the same form of answer. */
  readonly alsoStatus?: readonly number[]
  /** The answer is streamed as this media type, and `answer` describes one piece of it. */
  readonly streams?: string
  /** Bytes the body may have, where the usual limit is too low. */
  readonly largeBody?: boolean
  /** It makes the evaluator work for this request alone: only some run at once. */
  readonly costly?: boolean
  /** `If-Match` is asked for. */
  readonly guarded?: boolean
  /** Answered even while the service is overloaded. */
  readonly vital?: boolean
  readonly handle: (asked: Asked<P, Q, B>) => Promise<Seen<z.output<A>>> | Seen<z.output<A>>
}

/** One route, its schemas and rules: everything that the server, the documentation and the tests want to know of it. */
export interface Endpoint extends Omit<EndpointSpec<Shape, Shape, z.ZodType, z.ZodType>, 'handle'> {
  readonly handle: (asked: {
    readonly params: never
    readonly query: never
    readonly body: never
    readonly actor: Actor
    readonly request: FastifyRequest
    readonly reply: FastifyReply
  }) => unknown
}

/** Describe an endpoint. What `handle` gives is checked against `answer` when this is compiled. */
export function endpoint<
  P extends Shape = Record<never, never>,
  Q extends Shape = Record<never, never>,
  B extends z.ZodType = z.ZodUndefined,
  A extends z.ZodType = z.ZodVoid,
>(spec: EndpointSpec<P, Q, B, A>): Endpoint {
  return spec as unknown as Endpoint
}

/** Parameters of `url` that no schema names are texts: ids and names. */
export function paramsOf({ url, params = {} }: Endpoint): z.ZodType {
  const names = [...url.matchAll(/:(\w+)/g)].map(match => match[1]!)
  return z.object(Object.fromEntries(names.map(name => [name, params[name] ?? idText])))
}

export const idText = z.string().min(1).max(256)
