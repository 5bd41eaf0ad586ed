import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  openTestService,
  simulatorSource,
  type TestService,
  tableSource,
} from '../../src/control/service/testing/index.ts'
import type { Simulator } from '../../src/datasources/index.ts'
import { openStore } from '../../src/store/index.ts'
import { CAPACITY, cloudOf, cycles, ended, openCloud, someone, until } from './cloud.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

let open: TestService | undefined
let simulator: Simulator | undefined
let receiver: Server | undefined
afterEach(async () => {
  await open?.stop()
  simulator?.close()
  await new Promise<void>(resolve => (receiver ? receiver.close(() => resolve()) : resolve()))
  open = simulator = receiver = undefined
})

describe('what begins by itself', () => {
  test('an execute rule of an enforced policy acts once for each row that comes, also over a restart', async () => {
    simulator = await cloudOf(['z'])
    const orders = tableSource('in', { 'in:order': { columns: ['vm', 'host'], rows: [['z-a', 'z2']] } })
    const sources = [simulatorSource(simulator), orders]
    const store = await openStore({ memory: true })
    const first = await openOn(sources, store)
    const text = 'execute[nova:live_migrate(vm, host)] :- in:order(vm, host)'
    await first.policies.create({ name: 'orders', text, mode: 'monitor' }, someone)
    await first.policies.change('orders', { mode: 'enforce' }, {}, someone)
    await until(() => simulator!.issued.length === 1, 'the action was carried out')
    await first.stop()
    const second = await openOn(sources, store)
    try {
      orders.set('in:order', [
        ['z-a', 'z2'],
        ['z-b', 'z2'],
      ])
      await until(() => simulator!.issued.length === 2, 'the second row acts')
      orders.set('in:order', [['z-b', 'z2']])
      await until(async () => (await stateOf('z-a')) === 'gone', 'the first row has gone')
      orders.set('in:order', [
        ['z-a', 'z1'],
        ['z-b', 'z2'],
      ])
      await until(() => simulator!.issued.length === 3, 'another row of the same VM acts')
      const executions = (await second.workflows.executions({})).items
      expect(executions.map(e => e.input)).toEqual([
        { action: 'nova:live_migrate', row: ['z-a', 'z1'] },
        { action: 'nova:live_migrate', row: ['z-b', 'z2'] },
        { action: 'nova:live_migrate', row: ['z-a', 'z2'] },
      ])
    } finally {
      await second.stop()
      await store.close()
    }

    async function stateOf(vm: string): Promise<string | undefined> {
      const rows = await store.db.selectFrom('firings').selectAll().execute()
      return rows.find(({ row }) => row.includes(vm))?.state
    }
  })

  test('webhooks get every change of violations, signed, and are tried again while they refuse', async () => {
    const got: { body: string; headers: IncomingHttpHeaders }[] = []
    let refusals = 2
    receiver = createServer((request, response) => {
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        response.statusCode = refusals-- > 0 ? 503 : 204
        if (response.statusCode === 204) got.push({ body, headers: request.headers })
        response.end()
      })
    })
    await new Promise<void>(resolve => receiver!.listen(0, '127.0.0.1', resolve))
    const tables = tableSource('in', { 'in:bad': { columns: ['x'] } })
    open = await openTestService([tables])
    const { service } = open
    const secret = 'a secret of sixteen or more'
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?key=hidden`
    const hook = await service.webhooks.create({ url, kinds: ['violation'], secret }, someone)
    expect(JSON.stringify(hook)).not.toMatch(/hidden|sixteen/)
    await service.policies.create({ name: 'p', text: 'error(x) :- in:bad(x)' }, someone)
    for (let i = 0; i < 20; i++) tables.set('in:bad', [[i]])
    const texts = () =>
      got.flatMap(({ body }) =>
        (JSON.parse(body) as { events: { data: { text: string; state: string } }[] }).events.map(
          ({ data }) => `${data.text} ${data.state}`,
        ),
      )
    await until(() => texts().length >= 39, 'all changes arrive')
    const wanted = Array.from({ length: 20 }, (_, i) => [
      `error(${i}) appeared`,
      ...(i < 19 ? [`error(${i}) vanished`] : []),
    ]).flat()
    expect([...texts()].sort()).toEqual([...wanted].sort())
    for (const { body, headers } of got)
      expect(headers['x-usher-signature']).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
    expect(JSON.stringify((await service.workflows.executions({})).items)).not.toContain('sixteen')
  })

  test('a schedule begins cycles, once for each time, and finds what could be better', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator, { schedules: [{ cron: '* * * * * *' }], events: { enabled: false } })
    const { service, store } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'enforce' }, someone)
    await until(async () => (await service.violations.list({}, {})).items.length === 0, 'it is mended')
    expect((await cycles(service)).some(({ trigger }) => trigger === 'cron')).toBe(true)
    const ticks = await store.db.selectFrom('cron_ticks').select('tick').execute()
    expect(ticks.every(({ tick }) => tick % 1000 === 0)).toBe(true)
    expect(new Set(ticks.map(({ tick }) => tick)).size).toBe(ticks.length)
  })

  test('hysteresis: a young violation waits, quiet times hold plans back, VMs rest, moves in an hour are limited', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator, { hysteresis: { lasting: 1.5, movesPerHour: 1, rest: 3600 } })
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'enforce' }, someone)
    const young = await service.placements.run(undefined, someone)
    expect((await ended(service, young.id)).outcome).toMatch(/done/)
    simulator.createVm({ id: 'more', host: 'z1', load: 2, flavor: 'small' })
    const limited = await service.placements.run(undefined, someone)
    expect((await ended(service, limited.id)).outcome).toBe('as many VMs moved in the last hour as may')
    expect(simulator.issued).toHaveLength(1)
  })
})

describe('looking ahead and back', () => {
  test('a preview shows what would appear, vanish and move, and changes nothing', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create(
      { name: 'capacity', text: 'error(h) :- nova:location(v, h)', mode: 'enforce', active: false },
      someone,
    )
    const preview = await service.policies.preview({ draft: { name: 'capacity', text: CAPACITY } })
    expect(preview.appear.map(v => v.text)).toEqual(['error("z1", 6)'])
    expect(preview.vanish).toEqual([])
    expect(preview.plan).toMatchObject({ status: 'improved', moves: [{ from: 'z1', to: 'z2' }] })
    expect((await service.violations.list({}, {})).items).toEqual([])
    const refused = await service.policies.preview({ draft: { name: 'x', text: 'error(v) :- nowhere(v)' } })
    expect(refused.diagnostics.map(d => d.code)).toContain('language/unknown-table')
  })

  test('a snapshot is recorded, read, judged by the policies of now, and previewed on', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    const { id } = await service.snapshots.record(someone)
    simulator.deleteVm('z-a')
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'monitor' }, someone)
    expect((await service.violations.list({}, {})).items).toEqual([])
    expect((await service.snapshots.replay(id)).map(v => v.text)).toEqual(['error("z1", 6)'])
    const lines: string[] = []
    for await (const line of (await service.snapshots.read(id))!) lines.push(line)
    expect(lines.filter(line => line.includes('"nova:location","row"'))).toHaveLength(3)
    const draft = { name: 'other', text: 'error(v) :- nova:location(v, "z1")' }
    const preview = await service.policies.preview({ draft, snapshot: id, plan: false })
    expect(preview.appear).toHaveLength(3)
    await service.snapshots.remove(id, someone)
    expect(await service.snapshots.read(id)).toBeUndefined()
  })

  test('hosts are recommended for new VMs', async () => {
    simulator = await cloudOf(['z'])
    open = await openCloud(simulator)
    const { service } = open
    await service.policies.create({ name: 'capacity', text: CAPACITY, mode: 'monitor' }, someone)
    // With one VM left on it, the first host has no room for a VM of load 3.
    simulator.deleteVm('z-b')
    simulator.deleteVm('z-c')
    const rows = [{ table: 'vm_cpu', row: ['n1', 3] }]
    const { hosts } = await service.placements.recommend({ vms: ['n1'], rows })
    expect(hosts).toEqual([{ vm: 'n1', host: 'z2' }])
    await expect(service.placements.recommend({ vms: ['z-a'], rows: [] })).rejects.toThrow('is not new')
  })
})

async function openOn(sources: Parameters<typeof openTestService>[0], store: Awaited<ReturnType<typeof openStore>>) {
  const { createService } = await import('../../src/control/service/create-service.ts')
  const { testConfig } = await import('../../src/control/service/testing/index.ts')
  return createService(testConfig(), { sources, store })
}
