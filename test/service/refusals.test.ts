import { afterEach, expect, test, vi } from 'vitest'
import { openTestService, type TestService, tableSource } from '../../src/control/service/testing/index.ts'
import type { ActionStatus, Cloud } from '../../src/datasources/index.ts'
import { openStore } from '../../src/store/index.ts'
import { cycles, ended, plans, someone, until } from './cloud.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

const EMPTY = 'error(vm, host) :- nova:location(vm, host), nova:services(host=host, status="disabled")'

let open: TestService | undefined
afterEach(async () => {
  await open?.stop()
  open = undefined
})

/**
 * Four hosts, the first of them in maintenance with two VMs; what is asked for is done at once.
 * @param refusing why a VM does not go to a host; undefined: it does
 */
function cloudThatRefuses(refusing: (vm: string, host: string) => ActionStatus | undefined) {
  const asked: string[] = []
  const ends = new Map<string, ActionStatus>()
  const hosts = new Map([
    ['a', 'h1'],
    ['b', 'h1'],
    ['c', 'h2'],
  ])
  const states = new Map([...hosts.keys()].map(vm => [vm, 'ACTIVE']))
  const cloud: Cloud = {
    async submit(_, { vm, host }, token) {
      asked.push(`${vm} ${host}`)
      const refused = refusing(String(vm), String(host))
      ends.set(token, refused ?? { state: 'succeeded' })
      if (refused) return
      hosts.set(String(vm), String(host))
      source.set('nova:location', [...hosts])
    },
    status: async token => ends.get(token),
  }
  const services = (enabled: readonly string[]) =>
    ['h1', 'h2', 'h3', 'h4'].map(host => [
      ...[host, 'nova-compute', 'up'],
      enabled.includes(host) ? 'enabled' : 'disabled',
    ])
  const source = tableSource('nova', {
    'nova:location': { columns: ['vm', 'host'], rows: [...hosts] },
    'nova:servers': { columns: ['id', 'status'], rows: [...states] },
    'nova:services': { columns: ['host', 'binary', 'state', 'status'], rows: services(['h2', 'h3']) },
  })
  const inputs = ['vm', 'host'].map(name => ({ name, description: '', required: true }))
  const actions = [{ name: 'nova:live_migrate', description: '', inputs }]
  return {
    source: { ...source, cloud, actions },
    asked,
    hosts,
    become(vm: string, status: string) {
      states.set(vm, status)
      source.set('nova:servers', [...states])
    },
    enable: (...enabled: readonly string[]) => source.set('nova:services', services(enabled)),
  }
}

const failed = (remedy: 'never' | 'elsewhere' | 'again', detail: string): ActionStatus => ({
  ...{ state: 'failed', retryable: false, remedy, detail },
})

test('a VM that the cloud refuses to move is held, and said to be; the rest goes on; a change of it frees it', async () => {
  let refuses = true
  const of = cloudThatRefuses(vm => (vm === 'a' && refuses ? failed('never', 'the VM is ERROR') : undefined))
  of.become('a', 'ERROR')
  open = await openTestService([of.source])
  const { service } = open
  await service.policies.create({ name: 'empty', text: EMPTY, mode: 'enforce' }, someone)
  await until(async () => of.hosts.get('b') !== 'h1', 'the other VM has left')
  const quiet = async () => (await cycles(service)).every(({ stage }) => stage === 'ended')
  await until(quiet, 'nothing is under way')
  const cycle = await service.placements.run(undefined, someone)
  expect((await ended(service, cycle.id)).outcome).toBe('nothing better was found; the cloud holds 1 VMs')
  expect(of.asked.filter(one => one.startsWith('a'))).toHaveLength(1)
  const [violation, ...others] = (await service.violations.list({}, {})).items
  expect(others).toEqual([])
  expect(violation).toMatchObject({ row: ['a', 'h1'], held: [{ vm: 'a', because: 'the VM is ERROR' }] })
  refuses = false
  of.become('a', 'ACTIVE')
  await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it has left too')
  const [last] = await until(async () => {
    const all = await plans(service)
    return all[0]?.state === 'done' ? all : undefined
  }, 'the plan is done')
  expect((await service.plans.get(last!.id))?.report.held).toEqual([])
})

test('a VM that changes while its plan still runs is not held for what it was when it was refused', async () => {
  const slow: { state: ActionStatus['state'] } = { state: 'running' }
  let goal: string | undefined
  const of = cloudThatRefuses((vm, host) => {
    if (vm === 'a') return of.asked.length > 2 ? undefined : failed('never', 'the VM is SHUTOFF')
    if (goal === undefined) goal = host
    return slow
  })
  of.become('a', 'SHUTOFF')
  open = await openTestService([of.source], { control: { perHost: 2 } })
  const { service } = open
  await service.policies.create({ name: 'empty', text: EMPTY, mode: 'enforce' }, someone)
  await until(() => goal !== undefined && of.asked.some(one => one.startsWith('a')), 'both are asked for')
  await until(async () => {
    const [plan] = await plans(service)
    const execution = plan && (await service.plans.get(plan.id))?.execution
    return execution && JSON.stringify(await service.workflows.execution(execution)).includes('SHUTOFF')
  }, 'the refusal is known')
  of.become('a', 'ACTIVE')
  of.hosts.set('b', goal!)
  of.source.set('nova:location', [...of.hosts])
  slow.state = 'succeeded'
  await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it has left too')
})

test('what is held is known after a restart, and named in the plans that are made without it', async () => {
  const of = cloudThatRefuses(vm => (vm === 'a' ? failed('never', 'the VM is ERROR') : undefined))
  const store = await openStore({ memory: true })
  const { createService } = await import('../../src/control/service/create-service.ts')
  const { testConfig } = await import('../../src/control/service/testing/index.ts')
  const first = await createService(testConfig(), { sources: [of.source], store })
  await first.policies.create({ name: 'empty', text: EMPTY, mode: 'enforce' }, someone)
  await until(async () => of.hosts.get('b') !== 'h1', 'the other VM has left')
  await until(async () => (await first.violations.list({}, {})).items[0]?.held, 'it is held')
  await first.stop()
  const second = await createService(testConfig(), { sources: [of.source], store })
  try {
    expect((await second.violations.list({}, {})).items[0]?.held).toMatchObject([{ vm: 'a' }])
    of.hosts.set('c', 'h4')
    of.source.set('nova:location', [...of.hosts])
    await until(async () => ['h2', 'h3'].includes(of.hosts.get('c')!), 'another VM is moved')
    const [plan] = await plans(second)
    expect((await second.plans.get(plan!.id))?.report.held).toEqual([{ vm: 'a', reason: 'the VM is ERROR' }])
    expect(of.asked.filter(one => one.startsWith('a'))).toHaveLength(1)
  } finally {
    await second.stop()
    await store.close()
  }
})

test('a VM whose move fails for now does not keep others waiting, and is moved when its time has come', async () => {
  const isEarly = (vm: string) => vm === 'a' && of.asked.filter(one => one.startsWith('a')).length === 1
  const of = cloudThatRefuses(vm => (isEarly(vm) ? failed('again', 'not yet') : undefined))
  open = await openTestService([of.source])
  const { service } = open
  await service.policies.create({ name: 'empty', text: EMPTY, mode: 'enforce' }, someone)
  const held = await until(
    async () => (await service.violations.list({ value: 'a' }, {})).items[0]?.held?.[0],
    'it is held',
  )
  expect(held.because).toBe('not yet')
  await until(async () => of.hosts.get('b') !== 'h1', 'the other VM has left')
  expect(of.hosts.get('a')).toBe('h1')
  await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it has left too')
  expect(of.asked.filter(one => one.startsWith('a'))).toHaveLength(2)
})

test('where only a host is refused, the VM goes to another, and to that host once the cloud shows it otherwise', async () => {
  const of = cloudThatRefuses((_, host) => (host === 'h2' ? failed('elsewhere', 'no room') : undefined))
  open = await openTestService([of.source])
  const { service, store } = open
  const text = `${EMPTY}\ncost(1, 1, vm) :- nova:location(vm, "h3")`
  await service.policies.create({ name: 'empty', text, mode: 'enforce' }, someone)
  await until(async () => (await service.violations.list({}, {})).items.length === 0, 'all have left')
  expect([of.hosts.get('a'), of.hosts.get('b')]).toEqual(['h3', 'h3'])
  // The dearer host is taken only where the cheaper is refused, and that is asked once for each VM.
  expect(of.asked.filter(one => one.endsWith('h2')).sort()).toEqual(['a h2', 'b h2'])
  const known = async () => (await store.db.selectFrom('refusals').select('id').execute()).map(({ id }) => id)
  expect(await known()).toEqual(['["a","h2"]', '["b","h2"]'])
  of.enable('h3')
  await until(async () => (await known()).length === 0, 'they are forgotten')
})
