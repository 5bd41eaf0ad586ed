import { z } from 'zod'
import type { Actor, Service } from '../../control/index.ts'
import { found, refuse } from '../faults.ts'

/** `{ name, args: { positional: [...], named: {...} } }`. */
export const executeBody = z.looseObject({
  name: z.string().min(1).max(256),
  args: z
    .looseObject({
      positional: z.array(z.unknown()).max(100).nullish(),
      named: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
})

/** Carry out an action as Congress is asked to: positional arguments take the names of the action's inputs, in their order. */
export async function carryOut(
  service: Service,
  source: string,
  action: string,
  args: z.output<typeof executeBody>['args'],
  actor: Actor,
): Promise<void> {
  const { actions, name } = found(await service.tables.source(source), 'data source', source)
  const positional = args?.positional ?? []
  // Actions are listed as `nova:live_migrate`; Congress's clients leave the source's name out.
  const known = found(
    actions.find(one => one.name === action || one.name === `${name}:${action}`),
    'action',
    `${source}:${action}`,
  )
  if (positional.length > known.inputs.length)
    refuse(400, 'api/bad-request', `\`${known.name}\` takes ${known.inputs.length} arguments`, {
      field: 'body.args.positional',
    })
  const input = Object.fromEntries(positional.map((value, i) => [known.inputs[i]!.name, value]))
  await service.tables.execute(source, known.name, { ...input, ...args?.named }, actor)
}
