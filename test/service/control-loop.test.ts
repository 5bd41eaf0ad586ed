import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { TestService } from '../../src/control/service/testing/index.ts'
import type { Simulator } from '../../src/datasources/index.ts'
import { CAPACITY, cloudOf, cycles, ended, openCloud, plans, someone, until } from './cloud.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

let open: TestService | undefined
let simulator: Simulator | undefined
afterEach(async () => {
  await open?.stop()
  simulator?.close()
  open = simulator = undefined
})

const hostsOf = async () => (await open!.service.placements.list({})).items.map(({ vm, host }) => `${vm} ${host}`)

describe('the control loop', () => {
  test('an enforced policy that is made moves the VM that has to go, and then there is nothing to mend', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'enforce' }, someone)
    await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it is mended')
    expect(simulator.issued).toHaveLength(1)
    const [plan] = await until(async () => {
      const all = await plans(service)
      return all[0]?.state === 'done' ? all : undefined
    }, 'the plan is done')
    expect(plan).toMatchObject({ mode: 'enforce', moves: 1, errorsBefore: 1, errorsAfter: 0, decidedBy: 'system' })
    const of = await until(async () => (await cycles(service)).find(c => c.plan === plan!.id && c.endedAt), 'it ends')
    expect(of).toMatchObject({
      trigger: 'event',
      stage: 'ended',
      outcome: `plan ${plan!.id} done; errors 1 before, 0 now`,
    })
    const again = await service.placements.run(undefined, someone)
    expect((await ended(service, again.id)).outcome).toBe('nothing to mend')
    const kinds = await until(async () => {
      const all = await readKinds()
      return all['placement'] === 1 ? all : undefined
    }, 'the move is told of')
    expect(kinds).toMatchObject({ violation: 2, policy: 1 })
    expect(kinds['plan']).toBeGreaterThanOrEqual(3)
  })

  test('a plan to advise waits; approved it is run, outdated it is refused', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'advise' }, someone)
    const waiting = await until(async () => (await plans(service)).find(p => p.state === 'waiting'), 'a plan waits')
    await sleep(100)
    expect(simulator.issued).toHaveLength(0)
    const { report } = (await service.plans.get(waiting.id))!
    const vm = report.moves[0]!.vm
    simulator.deleteVm(vm)
    await expect(service.plans.approve(waiting.id, someone)).rejects.toThrow(`the VM \`${vm}\` is gone`)
    simulator.createVm({ id: 'new', host: 'z1', load: 2, flavor: 'small' })
    const next = await until(
      async () => (await plans(service)).find(p => p.state === 'waiting' && p.id !== waiting.id),
      'another plan waits',
    )
    expect((await service.plans.get(waiting.id))?.state).toBe('superseded')
    await service.plans.approve(next.id, someone)
    await until(async () => (await service.plans.get(next.id))?.state === 'done', 'the plan is run')
    expect(await service.plans.get(next.id)).toMatchObject({ decidedBy: 'someone', execution: `plan-${next.id}` })
    expect((await service.violations.list({}, {})).items).toEqual([])
  })

  test('a shadow plan is never run, and compared with what happened', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'shadow' }, someone)
    const shadow = await until(async () => (await plans(service)).find(p => p.state === 'shadow'), 'it is recorded')
    const detail = (await service.plans.get(shadow.id))!
    expect(detail.compared).toEqual({ moved: 0, same: 0, other: 0 })
    const { vm, to } = detail.report.moves[0]!
    await simulator.submit('nova:live_migrate', { vm, host: to }, 'by-hand')
    await until(async () => (await service.plans.get(shadow.id))?.compared?.same === 1, 'the VM was moved by hand')
    expect(simulator.issued).toHaveLength(1)
  })

  test('what an exception covers begins no cycle and is not mended; without it, it is', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'monitor' }, someone)
    const until2 = new Date(Date.now() + 3_600_000).toISOString()
    const made = { policy: 'capacity', table: 'error', pattern: ['z1', null], until: until2, because: 'being emptied' }
    const exception = await service.exceptions.create(made, someone)
    await service.policies.change('capacity', { mode: 'enforce' }, {}, someone)
    const cycle = await service.placements.run(undefined, someone)
    expect((await ended(service, cycle.id)).outcome).toBe('nothing to mend')
    const [violation] = (await service.violations.list({}, {})).items
    expect(violation).toMatchObject({ row: ['z1', 6], exception: { because: 'being emptied', createdBy: 'someone' } })
    expect(simulator.issued).toHaveLength(0)
    await service.exceptions.remove(exception.id, someone)
    await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it is mended')
    expect(simulator.issued).toHaveLength(1)
  })

  test('domains: VMs stay in theirs, each has its own cycles', async () => {
    simulator = await cloudOf(['x', 'y'])
    open = await openCloud(simulator, { domains: { hosts: { x: ['x*'], y: ['y1', 'y2'] } } })
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'enforce' }, someone)
    await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it is mended')
    expect((await hostsOf()).filter(text => text[0] !== text.split(' ')[1]![0])).toEqual([])
    await until(async () => (await plans(service)).filter(p => p.state === 'done').length === 2, 'two plans are done')
    expect((await plans(service)).map(p => [p.domain, p.moves]).sort()).toEqual([
      ['x', 1],
      ['y', 1],
    ])
  })

  test('a move that fails for good ends its plan, and the next is made from the present', async () => {
    simulator = await cloudOf(['z'], 0.3)
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'enforce' }, someone)
    const plan = await until(async () => (await plans(service)).find(p => p.state === 'running'), 'a plan runs')
    const { vm } = (await service.plans.get(plan.id))!.report.moves[0]!
    // Its VM goes away in the middle; a new one makes the host as full as before.
    simulator.deleteVm(vm)
    simulator.createVm({ id: 'new', host: 'z1', load: 2, flavor: 'small' })
    await until(async () => (await service.plans.get(plan.id))?.state === 'failed', 'the plan fails')
    await until(async () => (await service.violations.list({}, {})).items.length === 0, 'another one mends it')
    expect((await plans(service)).length).toBeGreaterThanOrEqual(2)
  })
})

async function readKinds(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const rows = await open!.store.db.selectFrom('service_events').select('kind').execute()
  for (const { kind } of rows) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
