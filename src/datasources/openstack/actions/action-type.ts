import type { z } from 'zod'
import type { ActionDescription, ActionStatus } from '../../index.ts'

/** What may help a failed action: the same again, the same towards another host, or nothing that a program can do. */
export type Remedy = NonNullable<ActionStatus['remedy']>

/** What an action must remember to find its traces in the cloud again. JSON. */
export type Trace = Readonly<Record<string, unknown>>

/** What a look at the cloud says before anything is sent. */
export type Sight<T extends Trace> =
  | { readonly kind: 'go'; readonly trace: T }
  /** The very thing is under way already, by an earlier try or another's hand: it is followed, not sent again. */
  | { readonly kind: 'under way'; readonly trace: T }
  /** It is as it should be. */
  | { readonly kind: 'done'; readonly detail: string }
  | { readonly kind: 'refused'; readonly why: string; readonly remedy: Remedy }

/** What became of an action. `unknown`: the cloud shows no trace of it. */
export type Progress =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'running'; readonly detail: string }
  | { readonly kind: 'succeeded'; readonly detail?: string }
  | { readonly kind: 'failed'; readonly why: string; readonly remedy: Remedy }

/**
 * One thing that a cloud can be asked to do. `look` changes nothing; `send` asks once; `follow` finds out what became of it from the
 * cloud alone and from the trace, so it works in any process at any later time.
 */
export interface ActionType<I = unknown, T extends Trace = Trace> extends ActionDescription {
  readonly input: z.ZodType<I>
  look(input: I): Promise<Sight<T>>
  send(input: I, trace: T, token: string): Promise<void>
  /** `sent`: it is known that the cloud accepted it. */
  follow(input: I, trace: T, sent: boolean): Promise<Progress>
  /** The server it is about: a notification about this server is a reason to look. */
  about?(input: I): string | undefined
  /** Seconds that it may take. Absent: it ends when it ends. */
  seconds?(input: I): number
  /** It takes longer than it may. Called until it has ended. */
  overdue?(input: I, trace: T): Promise<void>
}

/** An action type as a table of types of all kinds holds it: inputs were checked by its own schema, traces are its own. */
export type AnyActionType = Omit<ActionType<never, never>, 'input' | 'look'> & {
  readonly input: z.ZodType
  look(input: never): Promise<Sight<Trace>>
}

export const running = (detail: string): Progress => ({ kind: 'running', detail })
export const failed = (why: string, remedy: Remedy): Progress => ({ kind: 'failed', why, remedy })
export const refused = (why: string, remedy: Remedy) => ({ kind: 'refused', why, remedy }) as const
