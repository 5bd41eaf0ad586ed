import { afterEach, expect, test } from 'vitest'
import { openTestService, type TestService, tableSource } from '../../src/control/service/testing/index.ts'
import type { Cloud, LiveSource } from '../../src/datasources/index.ts'
import { plans, someone, until } from './cloud.ts'

const EMPTY = 'error(vm, host) :- nova:location(vm, host), nova:services(host=host, state="down")'

let open: TestService | undefined
afterEach(async () => {
  await open?.stop()
  open = undefined
})

/** Five hosts, the first of them dead with a VM, and a cloud that does what it is asked at once. */
function cloudWithDeadHost(): { source: LiveSource; asked: string[] } {
  const asked: string[] = []
  const done = new Set<string>()
  const cloud: Cloud = {
    async submit(action, { vm, host }, token) {
      asked.push(`${action} ${vm}`)
      if (action === 'nova:evacuate') source.set('nova:location', [[String(vm), String(host)], ...others])
      done.add(token)
    },
    status: async token => (done.has(token) ? { state: 'succeeded' } : undefined),
  }
  const others = [
    ['b', 'h2'],
    ['c', 'h3'],
  ]
  const source = tableSource('nova', {
    'nova:location': { columns: ['vm', 'host'], rows: [['a', 'h1'], ...others] },
    'nova:services': {
      columns: ['host', 'binary', 'state'],
      rows: ['h1', 'h2', 'h3', 'h4', 'h5'].map(host => [host, 'nova-compute', host === 'h1' ? 'down' : 'up']),
    },
  })
  const inputs = ['vm', 'host'].map(name => ({ name, description: '', required: true }))
  const actions = ['nova:live_migrate', 'nova:evacuate'].map(name => ({ name, description: '', inputs }))
  return { source: { ...source, cloud, actions }, asked }
}

test('where it may, the service evacuates VMs of dead hosts', async () => {
  const { source, asked } = cloudWithDeadHost()
  open = await openTestService([source], { control: { evacuate: true } })
  const { service } = open
  await service.policies.create({ name: 'empty', text: EMPTY, mode: 'enforce' }, someone)
  await until(async () => (await plans(service)).some(({ state }) => state === 'done'), 'a plan is done')
  expect(asked).toEqual(['nova:evacuate a'])
  expect((await service.violations.list({}, {})).items).toEqual([])
})

test('where nobody said that it may, it asks for live migrations only', async () => {
  const { source, asked } = cloudWithDeadHost()
  open = await openTestService([source])
  await open.service.policies.create({ name: 'empty', text: EMPTY, mode: 'enforce' }, someone)
  await until(() => asked.length > 0, 'something is asked for')
  expect(asked[0]).toBe('nova:live_migrate a')
})
