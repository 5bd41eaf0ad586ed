import { z } from 'zod'
import { columnSettings, duration, moduleName, tableName } from '../config/index.ts'

const table = z.strictObject({
  columns: z.array(columnSettings).min(1),
  description: z.string().default('Rows that are pushed from outside'),
  /** Seconds without a push after which the rows count as stale. Default: never. */
  staleAfter: duration.optional(),
})

export const pushSettings = z.strictObject({
  driver: z.literal('push'),
  /** The module of its tables. */
  name: moduleName,
  tables: z.record(tableName, table),
})

export type PushSettings = z.output<typeof pushSettings>
