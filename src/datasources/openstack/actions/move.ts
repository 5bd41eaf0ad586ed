import { z } from 'zod'
import { refused } from './action-type.ts'
import type { Nova } from './nova.ts'

const input = z.object({ vm: z.string(), host: z.string().optional() })

/** A VM, and the host that it shall go to where that is not left to Nova's scheduler. */
export type Move = z.infer<typeof input>

/** How a move is asked for. */
export const moveInput = {
  inputs: [
    { name: 'vm', description: 'id of the VM', required: true },
    { name: 'host', description: "where to; absent: as Nova's scheduler likes", required: false },
  ],
  input,
  about: ({ vm }: Move) => vm,
} as const

/** Why no VM can be put on a host: Nova would accept it and fail later. Undefined: it can, or the host is not chosen yet. */
export async function whyNotTo(nova: Nova, host: string | undefined) {
  if (host === undefined) return undefined
  const target = await nova.computeService(host)
  if (!target) return refused(`there is no compute host \`${host}\``, 'elsewhere')
  if (target.state === 'down') return refused(`the host \`${host}\` is down`, 'elsewhere')
  if (target.status === 'disabled') return refused(`the host \`${host}\` is disabled`, 'elsewhere')
  return undefined
}
