import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryJournal, openStackActions } from '../../../src/datasources/openstack/actions/index.ts'
import { type Bed, carryOut, openBed, until } from './bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
  await bed.clear()
})
afterAll(async () => {
  await bed.clear()
})

/** Whatever it says besides. A failure says why. */
const succeeded = expect.objectContaining({ state: 'succeeded' })
const hostOf = async (id: string): Promise<string> => (await bed.server(id))['OS-EXT-SRV-ATTR:host']
const liveMigrations = async (id: string) =>
  (await bed.admin.get('compute', `/os-migrations?instance_uuid=${id}`)).migrations.filter(
    (m: { migration_type: string }) => m.migration_type === 'live-migration',
  )

/** End a live migration that would take long, from another side than Usher's. */
async function letItEnd(vm: string): Promise<void> {
  await until('it runs', async () => (await liveMigrations(vm))[0]?.status === 'running')
  const [{ id }] = await liveMigrations(vm)
  await bed.admin.post('compute', `/servers/${vm}/migrations/${id}/action`, { force_complete: null })
}

describe('live migration', () => {
  test('moves a VM, once, however often it is asked for', async () => {
    const vm = await bed.boot('mover', { host: 'cmp01' })
    const cloud = bed.actions()
    const input = { vm, host: 'cmp02' }
    await Promise.all([cloud.submit('nova:live_migrate', input, 'a'), cloud.submit('nova:live_migrate', input, 'a')])
    await cloud.submit('nova:live_migrate', input, 'a')
    expect(await carryOut(cloud, 'nova:live_migrate', input, 'a')).toEqual(succeeded)
    expect(await hostOf(vm)).toBe('cmp02')
    expect((await bed.server(vm))['OS-EXT-STS:task_state']).toBeNull()
    // It is there: another wish for the same finds that out.
    expect(await carryOut(cloud, 'nova:live_migrate', input, 'b')).toEqual(succeeded)
    expect(await liveMigrations(vm)).toHaveLength(1)
  })

  test('a second wish for the same follows the migration that is on its way', async () => {
    await bed.plane.setKnob('migration-seconds', '300')
    const vm = await bed.boot('double', { host: 'cmp01' })
    const input = { vm, host: 'cmp02' }
    const [first, second] = [bed.actions(), bed.actions()]
    await first.submit('nova:live_migrate', input, 'one')
    await until('it has begun', async () => (await liveMigrations(vm)).length > 0)
    await second.submit('nova:live_migrate', input, 'two')
    expect(await second.status('two')).toMatchObject({ state: 'running' })
    // To Placement the VM is on the target already, and the room on its host is the migration's; to the tables it is where it runs.
    const { allocations } = await bed.admin.get('placement', `/allocations/${vm}`)
    const providers = (await bed.admin.get('placement', '/resource_providers')).resource_providers
    const names = new Map(providers.map((provider: { uuid: string; name: string }) => [provider.uuid, provider.name]))
    expect(Object.keys(allocations).map(uuid => names.get(uuid))).toEqual(['cmp02'])
    expect(await hostOf(vm)).toBe('cmp01')
    // Meanwhile it can not go elsewhere.
    expect(await carryOut(second, 'nova:live_migrate', { vm, host: 'cmp03' }, 'three')).toMatchObject({
      state: 'failed',
      remedy: 'again',
    })
    await letItEnd(vm)
    expect(await carryOut(second, 'nova:live_migrate', input, 'two')).toEqual(succeeded)
    expect(await carryOut(first, 'nova:live_migrate', input, 'one')).toEqual(succeeded)
    expect(await liveMigrations(vm)).toHaveLength(1)
    await bed.plane.setKnob('migration-seconds', '1')
  })

  test('goes on where a killed process left it, sent or not', async () => {
    const vm = await bed.boot('survivor', { host: 'cmp01' })
    const journal = memoryJournal()
    const input = { vm, host: 'cmp03' }
    // Killed before it was sent: only the record is there.
    const died = bed.actions({ ...journal, write: record => journal.write({ ...record, sent: false }) })
    await died.submit('nova:live_migrate', input, 'x')
    // Another process reads a record that does not know that it was sent.
    const next = bed.actions(journal)
    expect(await next.status('x')).toMatchObject({ state: 'running' })
    expect(await carryOut(next, 'nova:live_migrate', input, 'x')).toEqual(succeeded)
    expect(await liveMigrations(vm)).toHaveLength(1)
    // A record, and nothing in the cloud: it was never sent, so it is sent now.
    const back = { vm, host: 'cmp01' }
    const trace = (await journal.read('x'))!.trace
    const last = (await liveMigrations(vm))[0].id
    const request = (await bed.admin.get('compute', `/servers/${vm}/os-instance-actions`)).instanceActions[0].request_id
    await journal.write({
      token: 'y',
      action: 'nova:live_migrate',
      input: back,
      trace: { ...trace, migration: last, request },
      at: Date.now(),
      sent: false,
    })
    expect(await next.status('y')).toBeUndefined()
    expect(await carryOut(next, 'nova:live_migrate', back, 'y')).toEqual(succeeded)
    expect(await liveMigrations(vm)).toHaveLength(2)
  })

  test('Nova accepts a full host and refuses it later: elsewhere', async () => {
    const large = await bed.flavor('large', 4, 60_000)
    const medium = await bed.flavor('medium', 1, 10_000)
    await bed.boot('filler', { host: 'cmp04', flavor: large })
    const vm = await bed.boot('too-large', { host: 'cmp01', flavor: medium })
    const status = await carryOut(bed.actions(), 'nova:live_migrate', { vm, host: 'cmp04' })
    expect(status).toMatchObject({ state: 'failed', remedy: 'elsewhere', retryable: false })
    expect(status.detail).toMatch(/does not let the VM go to that host.*No valid host/)
    expect(await hostOf(vm)).toBe('cmp01')
    expect((await bed.server(vm)).status).toBe('ACTIVE')
  })

  test('a server group stands against it: elsewhere', async () => {
    const group = await bed.group('apart', 'anti-affinity')
    // One by one: members that boot at once do not see each other.
    const vm = await bed.boot('apart-1', { group })
    const other = await bed.boot('apart-2', { group })
    const status = await carryOut(bed.actions(), 'nova:live_migrate', { vm, host: await hostOf(other) })
    expect(status).toMatchObject({ state: 'failed', remedy: 'elsewhere' })
    expect(await hostOf(vm)).not.toBe(await hostOf(other))
  })

  test('a failure on the way: the same again', async () => {
    const vm = await bed.boot('unlucky', { host: 'cmp05' })
    await bed.plane.setKnob('fail-live-migration-cmp05', 'yes')
    const cloud = bed.actions()
    const status = await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp06' })
    expect(status).toMatchObject({ state: 'failed', retryable: true, remedy: 'again' })
    expect(await hostOf(vm)).toBe('cmp05')
    await bed.plane.setKnob('fail-live-migration-cmp05', null)
    expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp06' })).toEqual(succeeded)
  })

  test('Nova calls it ERROR after it has arrived: told of, and not tried again', async () => {
    const vm = await bed.boot('arrived', { host: 'cmp05' })
    await bed.plane.setKnob('fail-arrival-cmp06', 'yes')
    const status = await carryOut(bed.actions(), 'nova:live_migrate', { vm, host: 'cmp06' })
    await bed.plane.setKnob('fail-arrival-cmp06', null)
    expect(status).toMatchObject({ state: 'failed', retryable: false, remedy: 'never' })
    expect(status.detail).toMatch(/^the live migration left the VM in ERROR on `cmp06`/)
    const server = await bed.server(vm)
    expect(server).toMatchObject({
      status: 'ERROR',
      'OS-EXT-SRV-ATTR:host': 'cmp06',
      'OS-EXT-STS:power_state': 1,
      'OS-EXT-STS:task_state': null,
    })
  })

  test.each([
    ['a host that is not there', { host: 'nowhere' }, 'elsewhere', /no compute host `nowhere`/],
    ['a VM that is not there', { vm: 'b38a8aea-76fd-46e7-90ed-a1a33180a912', host: 'cmp01' }, 'never', /gone/],
  ])('%s is refused at once', async (_, input, remedy, words) => {
    const vm = await bed.boot('stays', { host: 'cmp01' })
    const status = await carryOut(bed.actions(), 'nova:live_migrate', { vm, ...input })
    expect(status).toMatchObject({ state: 'failed', remedy })
    expect(status.detail).toMatch(words)
    expect(await liveMigrations(vm)).toHaveLength(0)
  })

  test('a disabled host is refused at once; Nova would find out later', async () => {
    const cloud = bed.actions()
    const vm = await bed.boot('not-there', { host: 'cmp01' })
    expect(await carryOut(cloud, 'nova:disable_service', { host: 'cmp07', reason: 'maintenance' })).toMatchObject({
      state: 'succeeded',
    })
    const status = await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp07' })
    expect(status).toMatchObject({ state: 'failed', remedy: 'elsewhere', detail: 'the host `cmp07` is disabled' })
    expect(await carryOut(cloud, 'nova:enable_service', { host: 'cmp07' })).toEqual(succeeded)
    expect(await liveMigrations(vm)).toHaveLength(0)
  })

  test('is aborted when it takes too long, and by hand; force_complete ends it', async () => {
    await bed.plane.setKnob('migration-seconds', '60')
    const vm = await bed.boot('slow', { host: 'cmp01' })
    const cloud = bed.actions()
    const late = await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02', seconds: 3 })
    expect(late).toMatchObject({ state: 'failed', remedy: 'never' })
    expect(late.detail).toMatch(/longer than 3 s/)
    expect(await hostOf(vm)).toBe('cmp01')
    const running = async () => (await liveMigrations(vm)).some((m: { status: string }) => m.status === 'running')
    await cloud.submit('nova:live_migrate', { vm, host: 'cmp02' }, 'aborted')
    await until('it runs', running)
    expect(await carryOut(cloud, 'nova:abort', { vm })).toEqual(succeeded)
    expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02' }, 'aborted')).toMatchObject({
      remedy: 'never',
    })
    await cloud.submit('nova:live_migrate', { vm, host: 'cmp02' }, 'forced')
    await until('it runs', running)
    expect(await carryOut(cloud, 'nova:force_complete', { vm })).toEqual(succeeded)
    expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02' }, 'forced')).toMatchObject({
      state: 'succeeded',
    })
    expect(await hostOf(vm)).toBe('cmp02')
    await bed.plane.setKnob('migration-seconds', '1')
  })

  test('a VM that is deleted on its way takes its migration record with it', async () => {
    await bed.plane.setKnob('migration-seconds', '20')
    const vm = await bed.boot('deleted', { host: 'cmp01' })
    const cloud = bed.actions()
    await cloud.submit('nova:live_migrate', { vm, host: 'cmp02' }, 'gone')
    await until('it has begun', async () => (await liveMigrations(vm)).length > 0)
    await bed.admin.delete('compute', `/servers/${vm}`)
    expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02' }, 'gone')).toMatchObject({
      state: 'failed',
      remedy: 'never',
      detail: 'the VM is gone',
    })
    await bed.plane.setKnob('migration-seconds', '1')
  })
})

test('cold migration is confirmed, so that room on the old host is free again', async () => {
  const vm = await bed.boot('cold', { host: 'cmp01' })
  const cloud = bed.actions()
  expect(await carryOut(cloud, 'nova:cold_migrate', { vm, host: 'cmp03' })).toEqual(succeeded)
  const server = await bed.server(vm)
  expect(server).toMatchObject({ status: 'ACTIVE', 'OS-EXT-SRV-ATTR:host': 'cmp03' })
  const { allocations } = await bed.admin.get('placement', `/allocations/${vm}`)
  expect(Object.keys(allocations)).toHaveLength(1)
})

test('start, stop, pause, resume, lock and unlock, each without a second time', async () => {
  const vm = await bed.boot('switched', { host: 'cmp01' })
  const cloud = bed.actions()
  const steps = [
    ['nova:pause', 'PAUSED'],
    ['nova:resume', 'ACTIVE'],
    ['nova:stop', 'SHUTOFF'],
    ['nova:start', 'ACTIVE'],
  ] as const
  for (const [action, status] of steps) {
    expect(await carryOut(cloud, action, { vm })).toEqual(succeeded)
    expect((await bed.server(vm)).status).toBe(status)
    expect(await carryOut(cloud, action, { vm })).toMatchObject({ state: 'succeeded', detail: 'it was so already' })
  }
  expect(await carryOut(cloud, 'nova:lock', { vm })).toEqual(succeeded)
  expect((await bed.server(vm)).locked).toBe(true)
  expect(await carryOut(cloud, 'nova:unlock', { vm })).toEqual(succeeded)
  expect(await carryOut(cloud, 'nova:stop', { vm })).toEqual(succeeded)
  expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02' })).toMatchObject({
    state: 'failed',
    remedy: 'never',
  })
})

test('images are cached on the hosts of an aggregate', async () => {
  const { aggregate } = await bed.admin.post('compute', '/os-aggregates', { aggregate: { name: 'rack-1' } })
  await bed.admin.post('compute', `/os-aggregates/${aggregate.id}/action`, { add_host: { host: 'cmp01' } })
  const cloud = bed.actions()
  const input = { aggregate: 'rack-1', image: bed.image }
  expect(await carryOut(cloud, 'nova:cache_image', input)).toEqual(succeeded)
  expect(await carryOut(cloud, 'nova:cache_image', { ...input, aggregate: 'rack-2' })).toMatchObject({
    remedy: 'never',
  })
})

test('web hooks go to hosts that are allowed only', async () => {
  const seen: string[] = []
  const server = createServer((request, answer) => {
    seen.push(`${request.method} ${request.url} ${request.headers['idempotency-key']}`)
    answer.end('thanks')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cloud = openStackActions({ ...bed.clients(), journal: memoryJournal(), allowedHosts: [`127.0.0.1:${port}`] })
  const hook = { url: `http://127.0.0.1:${port}/moved`, body: { vm: 'x' } }
  expect(await carryOut(cloud, 'http:request', hook, 't')).toEqual(succeeded)
  expect(await carryOut(cloud, 'http:request', hook, 't')).toEqual(succeeded)
  expect(await carryOut(cloud, 'http:request', { url: 'http://169.254.169.254/' })).toMatchObject({ remedy: 'never' })
  expect(seen).toEqual(['POST /moved t'])
  server.close()
})

// Each of these waits for a minute of silence.
describe.concurrent('after a minute', () => {
  test('Nova fails and puts nothing back: the VM is freed of its task after a while, and moved', async () => {
    const vm = await bed.boot('left', { host: 'cmp05' })
    await bed.plane.setKnob('abandon-live-migration-cmp05', 'yes')
    const cloud = bed.actions()
    const status = await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp06' })
    await bed.plane.setKnob('abandon-live-migration-cmp05', null)
    expect(status).toMatchObject({ state: 'failed', retryable: true, remedy: 'again' })
    expect(status.detail).toBe('Nova gave the live migration up in the midst of putting things back')
    expect((await bed.server(vm))['OS-EXT-STS:task_state']).toBeNull()
    expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp06' })).toEqual(succeeded)
    const { allocations } = await bed.admin.get('placement', `/allocations/${vm}`)
    expect(Object.keys(allocations)).toHaveLength(1)
  })

  test('a dead host is known to be dead after a while; then its VMs can be evacuated', async () => {
    const vm = await bed.boot('orphan', { host: 'cmp08' })
    const cloud = bed.actions()
    await bed.plane.killHost('cmp08')
    expect(await carryOut(cloud, 'nova:evacuate', { vm, host: 'cmp02' })).toMatchObject({
      state: 'failed',
      remedy: 'again',
    })
    await until('Nova knows', async () =>
      (await bed.admin.get('compute', '/os-services?host=cmp08')).services.some(
        (s: { state: string }) => s.state === 'down',
      ),
    )
    expect((await bed.server(vm)).status).toBe('ACTIVE')
    expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02' })).toMatchObject({
      state: 'failed',
      remedy: 'again',
    })
    const alive = await bed.boot('alive', { host: 'cmp01' })
    expect(await carryOut(cloud, 'nova:live_migrate', { vm: alive, host: 'cmp08' })).toMatchObject({
      state: 'failed',
      remedy: 'elsewhere',
      detail: 'the host `cmp08` is down',
    })
    // Silent for a moment is not dead.
    await until('it is silent for long enough', async () => {
      const status = await carryOut(cloud, 'nova:evacuate', { vm, host: 'cmp02' })
      expect(status.remedy ?? 'again').toBe('again')
      return status.state === 'succeeded'
    })
    expect(await hostOf(vm)).toBe('cmp02')
    await bed.plane.startHost('cmp08')
    await until('the host is back', async () =>
      (await bed.admin.get('compute', '/os-services?host=cmp08')).services.some(
        (s: { state: string }) => s.state === 'up',
      ),
    )
  })
})

test('an API that is away, and a token that is worthless, are survived', async () => {
  const vm = await bed.boot('patient', { host: 'cmp01' })
  const cloud = bed.actions()
  // Not while Keystone restarts: Nova itself might not survive that.
  await bed.plane.setKnob('migration-seconds', '300')
  await cloud.submit('nova:live_migrate', { vm, host: 'cmp02' }, 'p')
  await until('it runs', async () => (await liveMigrations(vm))[0]?.status === 'running')
  await bed.plane.revokeTokens()
  await bed.plane.setKnob('migration-seconds', '1')
  await letItEnd(vm)
  expect(await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp02' }, 'p')).toEqual(succeeded)
  const away = bed.plane.interruptCompute(6)
  let status: Awaited<ReturnType<typeof carryOut>> | undefined
  await until('Nova is back', async () => {
    status = await carryOut(cloud, 'nova:live_migrate', { vm, host: 'cmp01' }).catch(() => undefined)
    return status?.state === 'succeeded'
  })
  await away
  expect(await hostOf(vm)).toBe('cmp01')
})
