import { z } from 'zod'
import { type ActionType, failed, refused, running } from './action-type.ts'
import { askedSince, type ServerTrace, traceOf } from './following.ts'
import type { Nova, Server } from './nova.ts'

const input = z.object({ vm: z.string() })
type Input = z.infer<typeof input>

interface StateChange {
  readonly name: string
  readonly description: string
  readonly reached: (server: Server) => boolean
  /** Nova's request for a server in this state; undefined: it can't be asked of one. */
  readonly request: (server: Server) => string | undefined
  /** How Nova's records call what was asked. */
  readonly actions: readonly string[]
}

const CHANGES: readonly StateChange[] = [
  {
    name: 'nova:start',
    description: 'start a stopped VM',
    reached: server => server.status === 'ACTIVE',
    request: server => (server.status === 'SHUTOFF' ? 'os-start' : undefined),
    actions: ['start'],
  },
  {
    name: 'nova:stop',
    description: 'stop a running VM',
    reached: server => server.status === 'SHUTOFF',
    request: server => (server.status === 'ACTIVE' || server.status === 'ERROR' ? 'os-stop' : undefined),
    actions: ['stop'],
  },
  {
    name: 'nova:pause',
    description: 'hold a running VM; it stays in memory',
    reached: server => server.status === 'PAUSED',
    request: server => (server.status === 'ACTIVE' ? 'pause' : undefined),
    actions: ['pause'],
  },
  {
    name: 'nova:resume',
    description: 'let a paused or suspended VM go on',
    reached: server => server.status === 'ACTIVE',
    request: server => ({ PAUSED: 'unpause', SUSPENDED: 'resume' })[server.status],
    actions: ['unpause', 'resume'],
  },
  {
    name: 'nova:lock',
    description: 'keep users other than administrators from changing a VM',
    reached: server => server.locked,
    request: () => 'lock',
    actions: ['lock'],
  },
  {
    name: 'nova:unlock',
    description: 'let users change a VM again',
    reached: server => !server.locked,
    request: () => 'unlock',
    actions: ['unlock'],
  },
]

/** Start, stop, pause, resume, lock, unlock: changes after which the server itself tells that they were made. */
export function serverStates(nova: Nova): ActionType<Input, ServerTrace>[] {
  return CHANGES.map(change => ({
    name: change.name,
    description: change.description,
    inputs: [{ name: 'vm', description: 'id of the VM', required: true }],
    input,
    about: ({ vm }) => vm,
    async look({ vm }) {
      const server = await nova.server(vm)
      if (!server) return refused('the VM is gone', 'never')
      if (server.task !== undefined) return refused(`Nova is busy with the VM (${server.task})`, 'again')
      if (change.reached(server)) return { kind: 'done', detail: 'it was so already' }
      if (change.request(server) === undefined) return refused(`the VM is ${server.status}`, 'never')
      return { kind: 'go', trace: await traceOf(nova, vm) }
    },
    async send({ vm }) {
      const server = await nova.server(vm)
      const request = server && change.request(server)
      // Between the look and now it got there by itself, or away: following it tells.
      if (request !== undefined) await nova.act(vm, { [request]: null })
    },
    async follow({ vm }, trace, sent) {
      const server = await nova.server(vm)
      if (!server) return failed('the VM is gone', 'never')
      if (server.task !== undefined) return running(server.task)
      if (change.reached(server)) return { kind: 'succeeded' }
      const [asked] = askedSince(await nova.actions(vm), trace, change.actions)
      if (!asked) return sent ? failed(`the VM is ${server.status}`, 'again') : { kind: 'unknown' }
      if (asked.message !== 'Error') return running('asked for')
      const why = (await nova.failureOf(vm, asked.request_id))?.words
      return failed(why || `the VM is ${server.status}`, server.status === 'ERROR' ? 'never' : 'again')
    },
  }))
}
