import { z } from 'zod'

export const value = z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('a cell of a table')

export const ruleInstance = z.object({
  rule: z.string().describe('where the rule stands, for example `error ha.dl:10`, or the name of a built-in one'),
  instance: z.string().describe('the tuple or fact it is about'),
})

export const violation = z.object({
  role: z.enum(['error', 'warning']),
  table: z.string().describe('full name: policy, colon, table'),
  row: z.array(value),
  text: z.string().describe('the tuple as its author would write it'),
})

/** What `usher plan --json` prints. docs/reference/plan-json.md is its description for people. */
export const planReportSchema = z.object({
  status: z
    .enum(['improved', 'unchanged'])
    .describe('`improved`: the plan is better than staying; `unchanged`: nothing better was found'),
  objective: z.array(z.number()).describe('value of each aim after the plan, most important first; `aims` names them'),
  aims: z.array(
    z.object({
      name: z.string(),
      before: z.number(),
      after: z.number(),
      bound: z.number().nullable().describe('no answer can be below this; null where nothing is proven'),
    }),
  ),
  moves: z.array(
    z.object({
      id: z.string(),
      vm: value,
      from: value,
      to: value,
      cost: z.number(),
      step: z.number().int().positive().describe('1-based; moves of one step may run at the same time'),
      because: z.array(ruleInstance),
      after: z.array(z.string()).describe('ids of moves and copies that must have ended before'),
      parking: z.boolean().describe('a stop on the way that breaks a cycle'),
      start: z.number().describe('expected seconds from the start of the plan'),
      end: z.number().describe('expected seconds from the start of the plan'),
      volume: z.number().describe('MiB over the network, pages sent again included'),
      disk: z.number().describe("MiB of these that are the VM's disk, where the hosts share no storage"),
    }),
  ),
  copies: z
    .array(
      z.object({
        id: z.string(),
        image: value,
        from: value.describe('who sends: the image service, or a host that has the image'),
        to: value,
        after: z.array(z.string()).describe('ids of copies that must have ended before'),
        start: z.number().describe('expected seconds from the start of the plan'),
        end: z.number().describe('expected seconds from the start of the plan'),
        volume: z.number().describe('MiB over the network'),
      }),
    )
    .describe('images brought to hosts beforehand'),
  cost: z.number().describe('sum over the moves, in the unit of migration_cost (GiB by default)'),
  makespan: z.number().describe('expected seconds of the whole plan, each move started as soon as it may'),
  likely: z
    .object({ low: z.number(), mean: z.number(), high: z.number() })
    .describe('seconds of the whole plan when durations vary: one in ten is below `low`, one in ten above `high`'),
  criticalPath: z.array(z.string()).describe('ids of the moves and copies that the length of the plan hangs on'),
  volume: z.number().describe('MiB over the network in all'),
  power: z
    .object({ before: z.number(), after: z.number() })
    .nullable()
    .describe('watts by the rules marked `@power`; null where none is'),
  violationsBefore: z.array(violation),
  violationsAfter: z.array(violation),
  unsatisfied: z.array(
    ruleInstance.extend({
      conflict: z.array(ruleInstance).describe('rule instances and facts that can not hold together'),
      note: z.string().optional().describe('why `conflict` is empty'),
      brokenFor: z
        .string()
        .optional()
        .describe('the aim that it was given up for, where it is not violated now: `errors: 5 → 2`'),
      concessions: z
        .array(
          z.object({
            kind: z.enum(['candidate', 'host', 'budget', 'warning']),
            what: z.string(),
            cost: z.number().describe('migration cost of the best placement then'),
          }),
        )
        .optional()
        .describe(
          'single concessions that were tried and free it, the cheapest first; absent where none were looked for',
        ),
    }),
  ),
  refused: z.array(z.object({ rule: z.string(), reason: z.string() })).describe('rules the solver was not given'),
  smallestBudget: z.number().nullable().describe('the smallest migration budget that would improve on this answer'),
  brokenOnTheWay: z.array(z.object({ violation: z.string(), during: z.array(z.string()) })),
  impossible: z.array(z.object({ vm: value, from: value, to: value, reason: z.string() })),
  rounds: z.number().int().positive().describe('targets asked for; more than 1 when moves of one could not be ordered'),
  setAside: z
    .array(z.object({ vm: value, from: value, to: value, reason: z.string() }))
    .describe('moves of targets that were set aside, and why they could not be made'),
  held: z
    .array(z.object({ vm: value, reason: z.string() }))
    .describe('VMs that were left where they are because the cloud refuses to move them'),
  solver: z.string(),
  declined: z.array(z.object({ solver: z.string(), reason: z.string() })),
  proof: z.enum(['optimal', 'gap', 'none']),
  model: z.object({ columns: z.number(), rows: z.number(), entries: z.number() }),
  elapsedMs: z.number(),
})

export type PlanReport = z.infer<typeof planReportSchema>
