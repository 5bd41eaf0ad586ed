import { z } from 'zod'
import { moment, row, value } from '../schemas.ts'

/** Forms of answers that several endpoints give. */
export const exception = z
  .strictObject({
    id: z.string(),
    policy: z.string(),
    table: z.string(),
    pattern: z.array(z.union([value, z.null()])).describe('an entry for each column; null stands for any value'),
    until: moment,
    because: z.string(),
    createdBy: z.string(),
    createdAt: moment,
  })
  .meta({ id: 'Exception' })

export const violation = z
  .strictObject({
    id: z.string().describe('stable as long as the violation lasts'),
    policy: z.string(),
    table: z.string(),
    role: z.enum(['error', 'warning']),
    row,
    text: z.string(),
    since: moment,
    until: moment.optional().describe('when it no longer held'),
    exception: exception.optional().describe('an exception that covers it now'),
    stale: z.array(z.string()).optional().describe('tables it rests on that are stale now'),
    held: z
      .array(
        z.strictObject({
          vm: value,
          because: z.string().describe('why the cloud does not move it'),
          until: moment.describe('when it is tried again, if nothing about the VM and its host changes before'),
        }),
      )
      .optional()
      .describe('VMs in its row that the cloud refuses to move, which plans leave where they are'),
  })
  .meta({ id: 'Violation' })
