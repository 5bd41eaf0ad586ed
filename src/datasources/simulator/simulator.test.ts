import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../../diagnostic/index.ts'
import type { Delta } from '../../tables/index.ts'
import { applyChanges, readChanges } from '../changes.ts'
import { openFolder } from '../file/folder.ts'
import { contents, tables } from '../testing/tables.ts'
import { manualClock } from './clock.ts'
import { describeCloud } from './describe.ts'
import { createSimulator, type SimulatorOptions } from './simulator.ts'

const FIXTURE = 'fixtures/nfv-poc'
const CLOUD = {
  hosts: [
    { name: 'h1', cpu: 8, memoryGiB: 32 },
    { name: 'h2', cpu: 8, memoryGiB: 32 },
    { name: 'h3', cpu: 8 },
  ],
  flavors: [
    { id: 'small', vcpus: 1, memoryGiB: 4 },
    { id: 'big', vcpus: 2, memoryGiB: 8 },
  ],
  vms: [
    { id: 'v1', host: 'h1', flavor: 'small', load: 1 },
    { id: 'v2', host: 'h1', flavor: 'big', load: 2 },
    { id: 'v3', host: 'h2', flavor: 'small', load: 0.5 },
  ],
}

function start(more: Partial<SimulatorOptions> = {}) {
  const clock = manualClock()
  const simulator = createSimulator({ cloud: CLOUD, clock, ...more })
  return { clock, simulator, rows: (table: string) => simulator.snapshot().get(table)!.rows }
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(DiagnosticError)
  return (error as DiagnosticError).diagnostics[0]!.code
}

describe('the tables of a simulated cloud', () => {
  it('are those of the folder that it starts from', async () => {
    const folder = await openFolder(FIXTURE).read()
    const simulated = contents(await createSimulator({ cloud: folder, clock: manualClock() }).read())
    expect(simulated).toMatchObject(contents(folder))
    expect(Object.keys(simulated).filter(name => !folder.has(name))).toEqual(['nova:migrations'])
  })

  it('change by a deletion as the fixture says', async () => {
    const folder = await openFolder(FIXTURE).read()
    const clock = manualClock()
    const simulator = createSimulator({ cloud: folder, clock })
    simulator.deleteVm('VM.a.large3.2')
    const after = applyChanges(folder, await readChanges(`${FIXTURE}/delete-large3.change.jsonl`))
    expect(contents(simulator.snapshot())).toMatchObject(contents(after))
  })

  it('are made up where the snapshot lacks them', () => {
    const simulator = createSimulator({
      cloud: tables({ 'nova:location vm host': [['v', 'h']], 'mine a': [[1]] }),
      clock: manualClock(),
    })
    const snapshot = simulator.snapshot()
    expect(snapshot.get('nova:services')!.rows).toEqual([[1, 'nova-compute', 'h', 'nova', 'enabled', 'up', null, null]])
    expect(snapshot.get('nova:availability_zones')!.rows).toEqual([['nova', 'available']])
    expect(snapshot.get('nova:servers')!.rows[0]).toMatchObject({ 0: 'v', 9: 'h' })
    expect(snapshot.get('mine')!.rows).toEqual([[1]])
  })

  it('keep the columns of the snapshot, and a load that no VM explains', () => {
    const simulator = createSimulator({
      cloud: tables({
        'nova:location vm host': [['v', 'h']],
        'nova:services host state rack': [
          ['h', 'up', 'r1'],
          ['g', 'up', 'r2'],
        ],
        'host_cpu server capacity': [['h', 4]],
        'vm_cpu vm load': [
          ['v', 1],
          ['gone', 3],
        ],
        'ceilometer:average_utilization resource meter value': [
          ['h', 'cpu-util', 40],
          ['v', 'memory', 7],
        ],
      }),
      clock: manualClock(),
    })
    simulator.setLoad('v', 2)
    simulator.setHost('g', { up: false })
    const snapshot = simulator.snapshot()
    expect(snapshot.get('nova:services')!.rows).toEqual([
      ['h', 'up', 'r1'],
      ['g', 'down', 'r2'],
    ])
    expect(contents(snapshot)['ceilometer:average_utilization']).toEqual(['["h","cpu-util",65]', '["v","memory",7]'])
    simulator.deleteVm('v')
    expect(simulator.snapshot().get('vm_cpu')!.rows).toEqual([['gone', 3]])
  })

  it('must agree with each other', () => {
    expect(() =>
      createSimulator({
        cloud: tables({
          'nova:location vm host': [
            ['v', 'h'],
            ['v', 'g'],
          ],
        }),
      }),
    ).toThrow(/on two hosts/)
    expect(() =>
      createSimulator({
        cloud: tables({
          'nova:servers id name': [
            [1, 'a'],
            [1, 'b'],
          ],
        }),
      }),
    ).toThrow(/two different rows/)
  })
})

describe('a live migration', () => {
  it('takes time by memory and holds both ends meanwhile', async () => {
    const { simulator, clock, rows } = start()
    const ended: string[] = []
    simulator.onEnded((token, status) => ended.push(`${token} ${status.state}`))
    await simulator.submit('nova:live_migrate', { vm: 'v2', host: 'h2' }, 't')
    expect(await simulator.status('t')).toEqual({ state: 'running' })
    const held = () => rows('placement:allocations').filter(row => row[0] === 'v2' && row[2] === 'VCPU')
    const used = () =>
      rows('placement:usages')
        .filter(row => row[1] === 'VCPU')
        .map(row => row[2])
    clock.advance(7999)
    expect(held().map(row => row[1])).toEqual(['h1', 'h2'])
    expect(used()).toEqual([3, 3, 0])
    expect(rows('nova:location')).toContainEqual(['v2', 'h1'])
    expect(rows('nova:migrations')).toEqual([[1, 'v2', 'h1', 'h2', 'running']])
    clock.advance(1)
    expect(await simulator.status('t')).toMatchObject({ state: 'succeeded' })
    expect(held().map(row => row[1])).toEqual(['h2'])
    expect(used()).toEqual([1, 3, 0])
    expect(rows('nova:location')).toContainEqual(['v2', 'h2'])
    expect(rows('nova:servers').find(row => row[0] === 'v2')).toMatchObject({ 2: 'h2', 3: 'ACTIVE', 9: 'h2' })
    expect(rows('ceilometer:average_utilization').map(row => row[2])).toEqual([12.5, 31.25, 0])
    expect(rows('nova:migrations')).toEqual([[1, 'v2', 'h1', 'h2', 'completed']])
    expect(ended).toEqual(['t succeeded'])
  })

  it('never acts twice for one token', async () => {
    const { simulator, clock } = start({ migrationSeconds: 5 })
    for (let i = 0; i < 3; i++) await simulator.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 't')
    clock.advance(5000)
    await simulator.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 't')
    expect(simulator.issued).toMatchObject([{ token: 't', vm: 'v1', from: 'h1', to: 'h2' }])
    expect(await simulator.status('other')).toBeUndefined()
  })

  it('is refused with the same words for the same token', async () => {
    const { simulator, clock } = start()
    simulator.setHost('h3', { enabled: false, reason: 'maintenance' })
    const ask = (vm: string, host: string, token: string) =>
      refusal(simulator.submit('nova:live_migrate', { vm, host }, token))
    expect(await ask('v9', 'h2', 'a')).toBe('data/unknown-vm')
    expect(await ask('v1', 'h9', 'b')).toBe('data/unknown-host')
    expect(await ask('v1', 'h1', 'c')).toBe('data/same-host')
    expect(await ask('v1', 'h3', 'd')).toBe('data/host-unusable')
    expect(await refusal(simulator.submit('nova:explode', {}, 'e'))).toBe('data/unknown-action')
    expect(await refusal(simulator.submit('nova:live_migrate', { vm: 'v1' }, 'f'))).toBe('data/bad-input')
    await simulator.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'g')
    expect(await ask('v1', 'h2', 'h')).toBe('data/already-migrating')
    simulator.setHost('h3', { enabled: true })
    clock.advance(60_000)
    expect(await ask('v1', 'h3', 'd')).toBe('data/host-unusable')
    expect(await simulator.status('d')).toMatchObject({ state: 'failed', retryable: true })
    expect(await simulator.status('a')).toMatchObject({ state: 'failed', retryable: false })
    expect(simulator.issued).toHaveLength(1)
  })

  it('fails on demand, when an end goes down, and when the VM is deleted', async () => {
    const { simulator, clock, rows } = start({ migrationSeconds: 10 })
    simulator.failNext('v1')
    await simulator.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')
    await simulator.submit('nova:live_migrate', { vm: 'v2', host: 'h3' }, 'b')
    await simulator.submit('nova:live_migrate', { vm: 'v3', host: 'h1' }, 'c')
    simulator.setHost('h3', { up: false })
    expect(await simulator.status('b')).toMatchObject({ state: 'failed', retryable: true, detail: /h3/ })
    simulator.deleteVm('v3')
    expect(await simulator.status('c')).toMatchObject({ state: 'failed', retryable: false })
    clock.advance(10_000)
    expect(await simulator.status('a')).toMatchObject({ state: 'failed', retryable: true })
    expect(rows('nova:location')).toEqual([
      ['v1', 'h1'],
      ['v2', 'h1'],
    ])
    expect(rows('placement:allocations').every(row => row[1] === 'h1')).toBe(true)
    await simulator.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'd')
    clock.advance(10_000)
    expect(await simulator.status('d')).toMatchObject({ state: 'succeeded' })
  })

  it('fails as often as the seed says', async () => {
    const run = async (seed: number) => {
      const { simulator, clock } = start({ failureRate: 0.5, seed, migrationSeconds: 1 })
      const states: string[] = []
      for (let i = 0; i < 20; i++) {
        const at = simulator
          .snapshot()
          .get('nova:location')!
          .rows.find(row => row[0] === 'v1')![1]
        await simulator.submit('nova:live_migrate', { vm: 'v1', host: at === 'h1' ? 'h2' : 'h1' }, String(i))
        clock.advance(1000)
        states.push((await simulator.status(String(i)))!.state)
      }
      return states.join(' ')
    }
    expect(await run(1)).toBe(await run(1))
    expect(await run(1)).not.toBe(await run(2))
    expect(await run(1)).toMatch(/failed.*succeeded|succeeded.*failed/)
  })
})

describe('deltas', () => {
  it('come as one batch for what ends at one moment', async () => {
    const { simulator, clock } = start({ migrationSeconds: 10 })
    await simulator.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')
    await simulator.submit('nova:live_migrate', { vm: 'v2', host: 'h2' }, 'b')
    const batches: (readonly Delta[])[] = []
    const stop = simulator.subscribe(batch => batches.push(batch))
    clock.advance(60_000)
    expect(batches).toHaveLength(1)
    expect(batches[0]!.find(delta => delta.table === 'nova:location')).toEqual({
      table: 'nova:location',
      removed: [
        ['v1', 'h1'],
        ['v2', 'h1'],
      ],
      inserted: [
        ['v1', 'h2'],
        ['v2', 'h2'],
      ],
    })
    stop()
    simulator.deleteVm('v1')
    expect(batches).toHaveLength(1)
  })

  it('reach listeners in order when one of them changes the cloud', () => {
    const { simulator } = start()
    const seen: string[] = []
    simulator.subscribe(batch => {
      if (batch.some(d => d.table === 'nova:location' && d.removed.length > 0) && seen.length === 0) {
        simulator.createVm({ id: 'v9', host: 'h1' })
      }
    })
    simulator.subscribe(batch => seen.push(JSON.stringify(batch.find(d => d.table === 'nova:location'))))
    simulator.deleteVm('v1')
    expect(seen.map(text => JSON.parse(text) as Delta)).toMatchObject([
      { removed: [['v1', 'h1']] },
      { inserted: [['v9', 'h1']] },
    ])
  })

  it('lead from the first snapshot to the last, whatever happens', async () => {
    const vm = fc.constantFrom('v1', 'v2', 'v3', 'v4')
    const host = fc.constantFrom('h1', 'h2', 'h3')
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ op: fc.constant('migrate' as const), vm, host }) },
      fc.record({ op: fc.constant('create' as const), vm, host, flavor: fc.constantFrom('small', 'big') }),
      fc.record({ op: fc.constant('delete' as const), vm }),
      fc.record({ op: fc.constant('host' as const), host, up: fc.boolean(), enabled: fc.boolean() }),
      fc.record({ op: fc.constant('load' as const), vm, load: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ op: fc.constant('fail' as const), vm }),
      {
        weight: 2,
        arbitrary: fc.record({ op: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 12 }) }),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async operations => {
        const { simulator, clock } = start({ failureRate: 0.2 })
        let replica = simulator.snapshot()
        simulator.subscribe(batch => {
          replica = applyChanges(replica, batch)
        })
        for (const [i, o] of operations.entries()) {
          try {
            if (o.op === 'migrate') await simulator.submit('nova:live_migrate', { vm: o.vm, host: o.host }, `${i}`)
            else if (o.op === 'create') simulator.createVm({ id: o.vm, host: o.host, flavor: o.flavor })
            else if (o.op === 'delete') simulator.deleteVm(o.vm)
            else if (o.op === 'host') simulator.setHost(o.host, { up: o.up, enabled: o.enabled })
            else if (o.op === 'load') simulator.setLoad(o.vm, o.load)
            else if (o.op === 'fail') simulator.failNext(o.vm)
            else clock.advance(o.seconds * 1000)
          } catch (error) {
            if (!(error instanceof DiagnosticError)) throw error
          }
          expect(contents(replica)).toEqual(contents(simulator.snapshot()))
        }
        // A cloud read from those tables is the same cloud, but for what is on its way.
        clock.advance(60_000)
        const again = createSimulator({ cloud: simulator.snapshot(), clock })
        expect(contents(again.snapshot())).toEqual(contents(simulator.snapshot()))
        const located = simulator
          .snapshot()
          .get('nova:location')!
          .rows.map(row => row[0])
        expect(new Set(located).size).toBe(located.length)
      }),
      { numRuns: 150 },
    )
  })
})

it('creates VMs where that is possible', () => {
  const { simulator, rows } = start()
  simulator.createVm({ id: 'v4', host: 'h3', flavor: 'big', load: 2 })
  expect(rows('nova:location')).toContainEqual(['v4', 'h3'])
  expect(rows('ceilometer:average_utilization')).toContainEqual(['h3', 'cpu-util', 25])
  expect(rows('placement:usages')).toContainEqual(['h3', 'MEMORY_MB', 8192])
  expect(() => simulator.createVm({ id: 'v4', host: 'h3' })).toThrow(/already/)
  expect(() => simulator.createVm({ id: 'v5', host: 'h3', flavor: 'bigg' })).toThrow(/no flavor/)
  simulator.setHost('h3', { up: false })
  expect(() => simulator.createVm({ id: 'v5', host: 'h3' })).toThrow(/is down/)
  expect(() => simulator.setLoad('v1', Number.NaN)).toThrow(/not a load/)
})

it('starts without VMs', () => {
  const cloud = describeCloud({ hosts: [{ name: 'h' }] })
  expect(createSimulator({ cloud }).snapshot().get('nova:location')!.rows).toEqual([])
})
