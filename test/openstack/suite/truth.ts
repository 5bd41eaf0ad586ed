import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { openStore } from '../../../src/store/index.ts'
import { listExecutions, showExecution } from '../../../src/workflow/index.ts'
import type { Json } from '../control-plane/admin.ts'
import type { Bed } from './bed.ts'
import { hostOf, MEMORY, type Members, migrations, servers } from './many.ts'

/*
 * What is so, and what became of every VM and every move: worked out from Nova alone, and held against what Usher has written down.
 */

/** Milliseconds between two looks of a watch. */
const WATCH_PAUSE = 250

/** Something that the policy forbids, and who would have to move. */
export interface Forbidden {
  readonly what: string
  readonly vms: readonly string[]
}

/** Hosts that Nova calls disabled or down now. */
async function closedHosts(bed: Bed): Promise<string[]> {
  const { services } = await bed.admin.get('compute', '/os-services?binary=nova-compute')
  return services.filter((s: Json) => s.status === 'disabled' || s.state === 'down').map((s: Json) => s.host)
}

/** What the policy forbids. */
export async function forbidden(bed: Bed): Promise<Forbidden[]> {
  const all = await servers(bed)
  const closed = new Set(await closedHosts(bed))
  const found: Forbidden[] = all
    .filter(s => closed.has(hostOf(s)))
    .map(s => ({ what: `${s.name} is on ${hostOf(s)}, which is closed`, vms: [s.id] }))
  const seen = new Map<string, Json>()
  for (const server of all) {
    const key = `${server.metadata.service} on ${hostOf(server)}`
    const other = seen.get(key)
    if (other) found.push({ what: `${key}: ${other.name} and ${server.name}`, vms: [other.id, server.id] })
    seen.set(key, server)
  }
  for (const host of bed.hosts)
    if (all.filter(s => hostOf(s) === host).length * MEMORY > 65_536) found.push({ what: `${host} is full`, vms: [] })
  return found
}

/** Whether Nova itself does not let go of a VM any more: it calls it ERROR, or never ends its task. */
const isBroken = (server: Json) => server.status === 'ERROR' || server['OS-EXT-STS:task_state'] !== null

/**
 * What is forbidden and could be mended. Left out is only what nobody but a person can mend: Nova does not let go of any of its VMs, and
 * Usher says that it holds them.
 */
export async function unmended(bed: Bed, held: ReadonlySet<unknown>): Promise<Forbidden[]> {
  const broken = new Set((await servers(bed)).filter(isBroken).map(s => s.id as string))
  const isHeld = (vm: string) => broken.has(vm) && held.has(vm)
  return (await forbidden(bed)).filter(({ vms }) => vms.length === 0 || !vms.every(isHeld))
}

export async function disable(bed: Bed, host: string): Promise<void> {
  const { services } = await bed.admin.get('compute', `/os-services?binary=nova-compute&host=${host}`)
  await bed.admin.put('compute', `/os-services/${services[0].id}`, { status: 'disabled' })
}

/** Say to Nova that a host is down, as who has switched it off does. */
export async function fence(bed: Bed, host: string): Promise<void> {
  const { services } = await bed.admin.get('compute', `/os-services?binary=nova-compute&host=${host}`)
  await bed.admin.put('compute', `/os-services/${services[0].id}`, { forced_down: true })
}

export async function isDown(bed: Bed, host: string): Promise<boolean> {
  const { services } = await bed.admin.get('compute', `/os-services?binary=nova-compute&host=${host}`)
  return services[0].state === 'down'
}

/**
 * Look all the time for hosts that Nova calls disabled or down. It does so with hosts that only lost the queue for a while, too, and whoever
 * keeps a policy has to go by its word.
 * @returns ends the watch, and gives every host that was seen so
 */
export function watchClosed(bed: Bed): () => Promise<readonly string[]> {
  const closed = new Set<string>()
  let isOver = false
  const watch = async () => {
    for (; !isOver; await sleep(WATCH_PAUSE)) {
      // Nobody is told anything while Nova or Keystone is away.
      for (const host of await closedHosts(bed).catch(() => [])) closed.add(host)
    }
  }
  const watching = watch()
  return async () => {
    isOver = true
    await watching
    return [...closed]
  }
}

/** What became of one move that Usher's workflows began. */
interface Fate {
  readonly vm: string
  readonly state: string
  readonly error: string
}

/** Of every task of every plan in the database. No Usher may run. */
async function fatesIn(database: string): Promise<Fate[]> {
  const store = await openStore({ file: database })
  try {
    const fates: Fate[] = []
    for (const { id } of await listExecutions(store, { limit: 1000 })) {
      const view = await showExecution(store, id)
      const { moves = [] } = view.input as { moves?: { id: string; vm: string }[] }
      const vms = new Map(moves.map(move => [move.id, move.vm]))
      for (const { name, state, error = '' } of view.tasks) {
        const vm = vms.get(name)
        if (vm !== undefined) fates.push({ vm, state, error })
      }
    }
    return fates
  } finally {
    await store.close()
  }
}

/**
 * Every VM is there, runs and is left alone, and none was moved without need. Nova calls some of them ERROR, or never ends their task, when
 * Keystone, RabbitMQ or a host went away at a bad moment: of each, Usher has said so.
 * @param closed hosts that Nova called disabled or down while VMs were moved: a VM that was brought there first has to move again
 */
export async function settleAccounts(
  bed: Bed,
  database: string,
  { count, since }: Members,
  closed: readonly string[] = [],
): Promise<void> {
  const all = await servers(bed)
  expect(all).toHaveLength(count)
  expect(all.filter(s => s['OS-EXT-STS:power_state'] !== 1)).toEqual([])
  const fates = await fatesIn(database)
  const left = (vm: string) => fates.filter(fate => fate.vm === vm && /left the VM in/.test(fate.error))
  const broken = all.filter(s => s.status !== 'ACTIVE' || isBroken(s))
  for (const server of broken) {
    const said = left(server.id).map(({ error }) => error)
    console.log(`${server.name} on ${hostOf(server)} is ${server.status}: ${said.join('; ')}`)
    expect([server.name, server.status, server.fault?.message, isBroken(server), said.length > 0]).toEqual([
      ...[server.name, server.status, server.fault?.message, true, true],
    ])
  }
  const done = (await migrations(bed)).filter(m => m.id > since && ['completed', 'done'].includes(m.status))
  const moved = new Map<string, { id: number; from: string }[]>()
  for (const { id, instance_uuid: vm, source_compute: from } of done.sort((a, b) => a.id - b.id))
    moved.set(vm, [...(moved.get(vm) ?? []), { id, from }])
  for (const [vm, ways] of moved) {
    // Nova never moved a VM that no workflow counts: none was sent twice.
    const counted = fates.filter(fate => fate.vm === vm && fate.state === 'succeeded').length + left(vm).length
    expect([vm, 'moved', ways.length, 'counted', Math.max(ways.length, counted)]).toEqual([
      ...[vm, 'moved', ways.length, 'counted', counted],
    ])
    // Who moves again had to: where it was brought to was closed.
    const needless = ways.slice(1).filter(({ from }) => !closed.includes(from))
    expect([vm, needless]).toEqual([vm, []])
  }
  const moves = [...moved.values()].reduce((sum, ways) => sum + ways.length, 0)
  const again = [...moved.values()].filter(ways => ways.length > 1).length
  console.log(
    `${count} VMs are there, ${broken.length} of them left to a person; ${moves} moves of ${moved.size} VMs, ${again} of them moved again from a host that was closed`,
  )
}
