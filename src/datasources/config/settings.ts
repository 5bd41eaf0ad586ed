import { z } from 'zod'
import { columnType } from '../file/schema-file.ts'
import { Secret } from '../http/index.ts'

/*
 * Settings that several kinds of data sources have in common.
 */

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const

/** A length of time, in seconds once it is read. */
export const duration = z
  .union([z.number().positive(), z.string()], { error: 'is no length of time; write it like `30s`, `5m` or `2h`' })
  .transform((value, context) => {
    if (typeof value === 'number') return value
    const parts = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(value.trim())
    if (parts) return Number(parts[1]) * UNITS[parts[2] as keyof typeof UNITS]
    context.addIssue({ code: 'custom', message: 'is no length of time; write it like `30s`, `5m` or `2h`' })
    return z.NEVER
  })

/** A text that must never be shown. */
export const secret = z
  .string()
  .min(1)
  .transform(text => new Secret(text))

/** A name that policies can write before a colon. */
export const moduleName = z
  .string()
  .regex(/^[\p{L}_][\p{L}\p{N}_]*$/u, 'is no module name: letters, digits and `_`, beginning with a letter')

/** A table within a module. */
export const tableName = z
  .string()
  .regex(
    /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u,
    'is no table name: letters, digits, `_` and dots between them',
  )

/** How a web service is reached. */
export const reaching = {
  caFile: z.string().optional(),
  insecure: z.boolean().optional(),
  timeout: duration.optional(),
  /** MiB. */
  largestAnswer: z.number().positive().optional(),
  connections: z.number().int().min(1).max(64).optional(),
} as const

/** How often and whether a table is read. */
export const tableSettings = z.strictObject({ interval: duration.optional(), lazy: z.boolean().optional() })

export const staleAfter = duration.optional()

/** A column of a table that is described in the configuration. */
export const columnSettings = z.union([
  z
    .string()
    .min(1)
    .transform(name => ({ name })),
  z.strictObject({
    name: z.string().min(1),
    type: columnType.optional(),
    unit: z.string().optional(),
    description: z.string().optional(),
  }),
])
