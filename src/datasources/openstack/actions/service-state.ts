import { z } from 'zod'
import { type ActionType, failed, refused, type Trace } from './action-type.ts'
import type { Nova } from './nova.ts'

const input = z.object({ host: z.string(), reason: z.string().max(255).optional() })
type Input = z.infer<typeof input>

/** Let the scheduler put nothing new on a host, or let it again. What runs there stays. */
export function serviceStates(nova: Nova): ActionType<Input, Trace>[] {
  return (['disabled', 'enabled'] as const).map(status => ({
    name: status === 'disabled' ? 'nova:disable_service' : 'nova:enable_service',
    description: status === 'disabled' ? 'put nothing new on a host' : 'let VMs be put on a host again',
    inputs: [
      { name: 'host', description: 'name of the compute host', required: true },
      ...(status === 'disabled' ? [{ name: 'reason', description: 'why, for people', required: false }] : []),
    ],
    input,
    async look({ host, reason }) {
      const service = await nova.computeService(host)
      if (!service) return refused(`there is no compute host \`${host}\``, 'never')
      const same = service.status === status && (reason === undefined || service.disabled_reason === reason)
      return same ? { kind: 'done', detail: 'it was so already' } : { kind: 'go', trace: {} }
    },
    async send({ host, reason }) {
      const service = await nova.computeService(host)
      const why = status === 'disabled' && reason !== undefined ? { disabled_reason: reason } : {}
      if (service) await nova.setService(service.id, { status, ...why })
    },
    async follow({ host }) {
      const service = await nova.computeService(host)
      if (!service) return failed(`the host \`${host}\` is gone`, 'never')
      return service.status === status ? { kind: 'succeeded' } : { kind: 'unknown' }
    },
  }))
}
