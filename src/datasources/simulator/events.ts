import { z } from 'zod'
import type { Diagnostic } from '../../diagnostic/index.ts'

/**
 * Everything that ever changes a simulated cloud, as data: what the journal holds, one on each line. Applying the same events to the
 * same start gives the same cloud. `at` is milliseconds since 1970.
 */
const name = z.union([z.string(), z.number(), z.boolean()])
const at = z.number()

export const eventSchema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('migrate'),
    at,
    token: z.string(),
    vm: name,
    to: name,
    /** When it will be done. */
    endsAt: z.number(),
    /** Why it will fail then, or null. Decided when it starts, so that a restart can't change it. */
    fails: z.string().nullable(),
  }),
  z.strictObject({
    op: z.literal('cache-image'),
    at,
    token: z.string(),
    image: name,
    /** Null: the image service. */
    from: name.nullable(),
    to: name,
    endsAt: z.number(),
    fails: z.string().nullable(),
  }),
  z.strictObject({
    op: z.literal('refused'),
    at,
    token: z.string(),
    diagnostics: z.array(z.custom<Diagnostic>(value => typeof value === 'object' && value !== null)),
    retryable: z.boolean(),
  }),
  /** All migrations and copies whose time has come by `at` end. */
  z.strictObject({ op: z.literal('due'), at }),
  z.strictObject({
    op: z.literal('create'),
    at,
    vm: name,
    name: z.string(),
    host: name,
    flavor: name.nullable(),
    tenant: z.string(),
    load: z.number(),
  }),
  z.strictObject({ op: z.literal('delete'), at, vm: name }),
  z.strictObject({
    op: z.literal('host'),
    at,
    host: name,
    up: z.boolean().optional(),
    enabled: z.boolean().optional(),
    reason: z.string().optional(),
  }),
  z.strictObject({ op: z.literal('load'), at, vm: name, load: z.number() }),
  z.strictObject({ op: z.literal('fail-next'), at, vm: name }),
])

export type CloudEvent = z.infer<typeof eventSchema>
