import { z } from 'zod'
import { duration, moduleName, reaching, secret, staleAfter, tableName } from '../config/index.ts'

const meter = z.strictObject({
  meter: z.string().min(1),
  unit: z.string().optional(),
  /** PromQL; one series for each resource. */
  query: z.string().min(1),
  /** The label that names the resource. */
  resource: z.string().min(1),
  /** A regular expression over the label's value; its first group is the name. */
  match: z.string().optional(),
})

/** A column: a label, or the sample's value. */
const column = z.strictObject({
  name: z.string().min(1),
  label: z.string().optional(),
  match: z.string().optional(),
  unit: z.string().optional(),
  description: z.string().optional(),
})

const table = z.strictObject({
  query: z.string().min(1),
  columns: z.array(column).min(1),
  description: z.string().default('Answer of a Prometheus query'),
  interval: duration.optional(),
  lazy: z.boolean().default(true),
})

export const prometheusSettings = z.strictObject({
  driver: z.literal('prometheus'),
  /** The module of its tables. */
  name: moduleName,
  url: z.url(),
  ...reaching,
  username: z.string().optional(),
  password: secret.optional(),
  token: secret.optional(),
  staleAfter,
  interval: duration.default(60),
  /** Seconds that are looked back for meters, and between two points. */
  window: duration.default(600),
  step: duration.default(60),
  meters: z.array(meter).default([]),
  tables: z.record(tableName, table).default({}),
})

export type PrometheusSettings = z.output<typeof prometheusSettings>
