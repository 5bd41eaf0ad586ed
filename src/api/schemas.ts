import { z } from 'zod'

/*
 * The forms that more than one endpoint takes or gives. Answers are strict objects: a field that is not documented here is found by
 * the tests, which check every answer.
 */

export const value = z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('a cell of a table')
export const row = z.array(value)
export const moment = z.string().describe('ISO 8601, UTC')
export const momentIn = z.iso.datetime({ offset: true }).describe('ISO 8601')

/** Of a query: `true`, `1` or nothing (`?trace`), in any case of letters. */
export const flag = z
  .string()
  .max(5)
  .transform((text, context) => {
    const word = text.toLowerCase()
    if (['', 'true', '1', 'yes'].includes(word)) return true
    if (['false', '0', 'no'].includes(word)) return false
    context.addIssue({ code: 'custom', message: 'expected true or false' })
    return z.NEVER
  })
  .optional()
  .describe('true or false')

export const span = z.strictObject({
  file: z.string(),
  start: z.number(),
  end: z.number(),
  line: z.number(),
  column: z.number(),
})

export const diagnostic = z
  .strictObject({
    code: z.string().describe('stable; docs/reference/diagnostics.md lists them'),
    severity: z.enum(['error', 'warning', 'info']),
    message: z.string(),
    span: span.optional(),
    help: z.string().optional(),
    notes: z.array(z.strictObject({ message: z.string(), span: span.optional() })).optional(),
  })
  .meta({ id: 'Diagnostic' })

export const fault = z
  .strictObject({
    error: z.strictObject({
      code: z.string(),
      message: z.string(),
      help: z.string().optional(),
      requestId: z.string(),
      details: z.array(z.strictObject({ ...diagnostic.shape, field: z.string().optional() })),
      error_code: z.number().optional().describe('only under /v1, where Congress has it'),
      error_data: z.null().optional().describe('only under /v1, where Congress has it'),
    }),
  })
  .meta({ id: 'Fault' })

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('items of a page; default 100'),
  cursor: z.string().min(1).max(1000).optional().describe('`next` of the page before'),
}

/** A page of `item`s. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    next: z.string().optional().describe('the `cursor` of the next page; absent on the last one'),
  })
}

/** What was asked for, without the keys that were left out: `exactOptionalPropertyTypes` tells the two apart. */
export function given<T extends object>(asked: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(asked).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** A derivation, as docs/guides/explain.md describes it. */
export const derivation = z
  .looseObject({ kind: z.enum(['rule', 'row', 'fact', 'absent', 'builtin', 'aggregate', 'above', 'deeper']) })
  .meta({ id: 'Derivation' })

export const seconds = z.number().positive().max(3600).describe('time limit')

/** Rows as they are sent; what each column may hold is checked by the source. */
export const pushedRows = z.array(z.array(z.unknown()).max(1000)).max(2_000_000)
