import { z } from 'zod'

/*
 * What `usher.yaml` may say, as data. read-config.ts reads the file; docs/reference/configuration.md tells people.
 */

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const

/** A length of time in seconds: a number, or a text such as `500ms`, `30s`, `5m`, `2h`, `90d`. */
export const duration = z
  .union([z.number().nonnegative(), z.string()])
  .transform((value, context) => {
    if (typeof value === 'number') return value
    const parts = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(value.trim())
    if (parts) return Number(parts[1]) * UNITS[parts[2] as keyof typeof UNITS]
    context.addIssue({ code: 'custom', message: 'is not a length of time; write it like `30s`, `5m`, `2h` or `90d`' })
    return z.NEVER
  })
  .describe('seconds, or a text such as `30s`, `5m`, `2h`, `90d`')

const mode = z.enum(['monitor', 'advise', 'enforce', 'shadow'])

const database = z
  .strictObject({
    file: z.string().optional().describe('a SQLite file, for one replica'),
    url: z.string().optional().describe('the URL of a PostgreSQL, for any number of replicas'),
    connections: z.number().int().min(2).max(200).optional().describe('connections to a server at once (8)'),
  })
  .refine(({ file, url }) => (file === undefined) !== (url === undefined), {
    message: 'needs either `file` or `url`',
  })

const domains = z
  .strictObject({
    hosts: z
      .record(z.string().min(1), z.array(z.string().min(1)))
      .optional()
      .describe('names of domains, each with its hosts; `*` in a name stands for any text'),
    table: z
      .strictObject({ name: z.string(), host: z.string(), domain: z.string() })
      .optional()
      .describe('a table, and its columns of the host and of its domain'),
  })
  .refine(({ hosts, table }) => hosts === undefined || table === undefined, {
    message: 'takes `hosts` or `table`, not both',
  })

const schedule = z.strictObject({
  cron: z.string().describe('five or six fields, for example `*/10 * * * *`'),
  domain: z.string().optional().describe('one domain only'),
  timezone: z.string().optional().describe('for example `Europe/Berlin` (UTC)'),
})

const control = z.strictObject({
  schedules: z.array(schedule).default([]).describe('cycles at fixed times'),
  events: z
    .strictObject({
      enabled: z.boolean().default(true).describe('begin a cycle when violations appear'),
      tables: z.array(z.string()).default([]).describe('and when a row of these tables changes'),
      settle: duration.default(1).describe('how long to wait for more changes before a cycle begins (1s)'),
    })
    .prefault({}),
  hysteresis: z
    .strictObject({
      lasting: duration.default(0).describe('how long a violation must last before it counts (0s)'),
      leastGain: z
        .number()
        .nonnegative()
        .default(0)
        .describe('of a plan that mends no violation: how much less cost (0)'),
      rest: duration.default(0).describe('how long a VM that moved is left where it is (0s)'),
      movesPerHour: z.number().int().positive().optional().describe('moves in an hour, in each domain (no limit)'),
      quiet: z
        .array(z.strictObject({ from: z.string(), to: z.string(), timezone: z.string().optional() }))
        .default([])
        .describe('times of day, as `22:00`, in which no plan is run by itself'),
    })
    .prefault({}),
  domains: domains.prefault({}),
  staleAfter: duration.default(600).describe('refuse to plan on a stale table whose contents are older (10m)'),
  expiry: duration.default(3600).describe('how long a plan waits for a person (1h)'),
  migrationTimeout: duration.default(1800).describe('how long one try of a migration may take (30m)'),
  perHost: z.number().int().positive().default(1).describe('live migrations at once at a host (1)'),
  evacuate: z
    .boolean()
    .default(false)
    .describe('build VMs of hosts that are down anew elsewhere: only where something fences such hosts (false)'),
  atOnce: z.number().int().positive().default(4).describe('live migrations at once in a plan (4)'),
  placement: z
    .strictObject({
      solver: z.string().optional().describe('a name that `usher solvers` lists'),
      seconds: duration.default(30).describe('how long a better placement is looked for (30s)'),
    })
    .prefault({}),
  lease: duration.default(15).describe('how long a replica may be silent before others take over (15s)'),
})

const limits = z.strictObject({
  milliseconds: z.number().positive().default(10_000).describe('of one evaluation of a policy (10000)'),
  derivedTuples: z.number().positive().default(50_000_000).describe('tuples that a policy may derive (50000000)'),
  megabytes: z.number().positive().default(2048).describe('of all derived tables (2048)'),
})

const retention = z.strictObject({
  violations: duration.default(90 * 86_400).describe('violations that are over (90d)'),
  events: duration.default(7 * 86_400).describe('events that faces and webhooks can still ask for (7d)'),
  audit: duration.default(365 * 86_400).describe('who changed what (365d)'),
  plans: duration.default(90 * 86_400).describe('plans, cycles and workflow executions (90d)'),
  snapshots: duration.default(30 * 86_400).describe('recorded snapshots (30d)'),
})

/** The whole file. `api` is read by whoever serves it. */
export const configSchema = z.strictObject({
  datasources: z
    .array(z.unknown())
    .default([])
    .describe('where the tables come from; their drivers say what they take'),
  database: database.describe('where the service keeps what it must not forget'),
  policies: z
    .strictObject({
      folder: z.string().optional().describe('a folder of `*.dl` files that are policies from the start'),
      mode: mode.default('monitor').describe('mode of policies from the folder (monitor)'),
      library: z.string().optional().describe('a folder of policies to create others from'),
    })
    .prefault({}),
  control: control.prefault({}),
  limits: limits.prefault({}),
  retention: retention.prefault({}),
  api: z.looseObject({}).default({}).describe('the HTTP interface'),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({})
    .describe('one JSON line for each event, on standard output'),
})

/** What the service was told, all defaults filled in. Times are in seconds. */
export type ServiceConfig = z.output<typeof configSchema>
/** The same as a person writes it. */
export type ServiceConfigInput = z.input<typeof configSchema>
