import { z } from 'zod'
import { ruleInstance, value, violation } from './plan-report.ts'

/** Hosts for new VMs: what `usher place --json` prints, and what the service recommends. */
export const placementReportSchema = z.object({
  hosts: z.array(z.object({ vm: value, host: value })),
  unplaced: z
    .array(
      z.object({
        vm: value,
        conflict: z
          .array(ruleInstance)
          .describe('rule instances and facts that can not hold together with it on a host'),
        note: z.string().optional().describe('set where `conflict` does not say all'),
      }),
    )
    .describe('new VMs that no host can take'),
  moves: z
    .array(
      z.object({
        id: z.string(),
        vm: value,
        from: value,
        to: value,
        cost: z.number(),
        step: z.number().int().positive().describe('1-based; moves of one step may run at the same time'),
        parking: z.boolean().describe('a stop on the way that breaks a cycle'),
      }),
    )
    .describe('migrations of VMs that exist, to be made before the new ones start'),
  impossible: z
    .array(z.object({ vm: value, from: value, to: value, reason: z.string() }))
    .describe('migrations for which no safe order was found'),
  transfers: z
    .array(
      z.object({
        image: value,
        host: value,
        mib: z.number(),
        vms: z.number().int().positive().describe('new VMs that start from it there'),
      }),
    )
    .describe('images that hosts have to be sent first, each once'),
  violationsBefore: z.array(violation).describe('as the cloud is, without the new VMs'),
  violationsAfter: z.array(violation),
  aims: z.array(
    z.object({
      name: z.string(),
      before: z.number(),
      after: z.number(),
      bound: z.number().nullable().describe('no answer can be below this; null where nothing is proven'),
    }),
  ),
  refused: z.array(z.object({ rule: z.string(), reason: z.string() })).describe('rules the solver was not given'),
  proof: z.enum(['optimal', 'gap', 'none']),
  solver: z.string(),
  declined: z.array(z.object({ solver: z.string(), reason: z.string() })),
  model: z.object({ columns: z.number(), rows: z.number(), entries: z.number() }),
  elapsedMs: z.number(),
})

export type PlacementReport = z.infer<typeof placementReportSchema>
