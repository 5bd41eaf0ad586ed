import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ActionStatus } from '../../index.ts'
import { type ActionCloud, type ActionJournal, memoryJournal, openStackActions } from './index.ts'
import { FakeNova, recorded } from './testing/fake-nova.ts'

let nova: FakeNova
let cloud: ActionCloud
let journal: ActionJournal
let open: (journal: ActionJournal) => Promise<ActionCloud>
let now = 0

beforeEach(async () => {
  nova = new FakeNova()
  const client = await nova.client()
  now = 1_000_000
  open = async with_ =>
    openStackActions({
      nova: client,
      http: nova.http,
      journal: with_,
      now: () => now,
      wait: async ms => {
        now += ms
      },
    })
  journal = memoryJournal()
  cloud = await open(journal)
})
afterEach(() => nova.close())

const MOVER = 'f60d4acf-0d20-4425-9fb0-9d48e4d1a659'
const OTHER = 'b38a8aea-76fd-46e7-90ed-a1a33180a912'
const at = (host: string, more = {}) => ({ 'OS-EXT-SRV-ATTR:host': host, 'OS-EXT-STS:task_state': null, ...more })
const sent = () => nova.changes.filter(change => change.what.startsWith('POST /v2.1/servers/'))

/** A live migration that Nova accepted, and what its records say afterwards. */
async function accepted(vm: string, host: string): Promise<void> {
  nova.hold(vm, at('cmp01'))
  nova.hosts(['cmp01', 'enabled', 'up'], ['cmp02', 'enabled', 'up'], ['cmp03', 'enabled', 'up'])
  await cloud.submit('nova:live_migrate', { vm, host }, 't')
}

async function refusalOf(submission: Promise<void>): Promise<string> {
  return submission.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  )
}

describe('live migration', () => {
  test('never asks with force, and asks once for one token', async () => {
    await accepted(MOVER, 'cmp02')
    await cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't')
    expect(sent().map(change => change.body)).toEqual([
      { 'os-migrateLive': { host: 'cmp02', block_migration: 'auto' } },
    ])
  })

  test('accepted and refused later by the scheduler: elsewhere', async () => {
    await accepted(MOVER, 'cmp02')
    const ended: ActionStatus[] = []
    cloud.onEnded((_, status) => ended.push(status))
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    nova.answers.set('GET /v2.1/os-migrations', recorded('live-migrate-rejected-antiaffinity-migrations'))
    nova.answers.set(
      `GET /v2.1/servers/${MOVER}/os-instance-actions`,
      recorded('live-migrate-rejected-antiaffinity-actions'),
    )
    const status = await cloud.status('t')
    expect(status).toMatchObject({ state: 'failed', remedy: 'elsewhere', retryable: false })
    // What was found out once is kept: Nova forgets it with the VM.
    nova.answers.clear()
    expect(await cloud.status('t')).toEqual(status)
    expect(ended).toEqual([status])
  })

  test('failed on its way: again; what Nova had recorded before is not taken for it', async () => {
    nova.answers.set('GET /v2.1/os-migrations', {
      status: 200,
      body: {
        migrations: (recorded('migrations-after-failure').body as { migrations: unknown[] }).migrations.slice(1),
      },
    })
    await accepted(OTHER, 'cmp03')
    expect(await cloud.status('t')).toMatchObject({ state: 'running', detail: 'accepted' })
    nova.answers.set('GET /v2.1/os-migrations', recorded('migrations-after-failure'))
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'again', retryable: true })
  })

  test('has ended only when the record says so, though the server is active on the target before', async () => {
    await accepted(OTHER, 'cmp03')
    const migrations = (status: string) => ({
      status: 200,
      body: {
        migrations: [
          { id: 9, status, migration_type: 'live-migration', source_compute: 'cmp01', dest_compute: 'cmp03' },
        ],
      },
    })
    nova.answers.set('GET /v2.1/os-migrations', migrations('running'))
    nova.hold(OTHER, at('cmp03'))
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    nova.answers.set('GET /v2.1/os-migrations', migrations('completed'))
    nova.hold(OTHER, at('cmp03', { 'OS-EXT-STS:task_state': 'migrating' }))
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    nova.hold(OTHER, at('cmp03'))
    expect(await cloud.status('t')).toEqual({ state: 'succeeded' })
  })

  test('its source dies: the record says for ever that it runs', async () => {
    await accepted(MOVER, 'cmp02')
    const own = {
      id: 3,
      status: 'running',
      migration_type: 'live-migration',
      source_compute: 'cmp01',
      dest_compute: 'cmp02',
    }
    nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations: [own] } })
    nova.hold(MOVER, at('cmp01', { 'OS-EXT-STS:task_state': 'migrating' }))
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    nova.hosts(['cmp01', 'enabled', 'down'], ['cmp02', 'enabled', 'up'])
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'again' })
    expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 'u'))).toContain('busy')
    // A host that is silent for a moment keeps its VMs.
    const silentSince = (ms: number) => {
      const updated_at = new Date(ms).toISOString().slice(0, -1)
      const services = [
        { id: '1', host: 'cmp01', status: 'enabled', state: 'down', updated_at },
        { id: '2', host: 'cmp02', status: 'enabled', state: 'up', updated_at },
      ]
      nova.answers.set('GET /v2.1/os-services', { status: 200, body: { services } })
    }
    silentSince(now - 30_000)
    expect(await refusalOf(cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 'x'))).toContain('silent')
    silentSince(now - 61_000)
    // Where Nova refuses, the VM is left as it was.
    nova.changes.length = 0
    nova.answers.set(`POST /v2.1/servers/${MOVER}/action`, () => ({
      status: 'evacuate' in (nova.changes.at(-1)!.body as object) ? 400 : 202,
      body: {},
    }))
    await refusalOf(cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 'y'))
    expect(nova.changes.map(change => change.body)).toEqual([
      { 'os-resetState': { state: 'error' } },
      { evacuate: { host: 'cmp02' } },
      { 'os-resetState': { state: 'active' } },
    ])
    nova.answers.set(`POST /v2.1/servers/${MOVER}/action`, { status: 202 })
    // It is evacuated out of the task in which it was left.
    nova.changes.length = 0
    await cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 'v')
    expect(nova.changes.map(change => change.body)).toEqual([
      { 'os-resetState': { state: 'error' } },
      { evacuate: { host: 'cmp02' } },
    ])
    // Afterwards nobody follows the record that was left behind.
    nova.hold(MOVER, at('cmp02'))
    nova.hosts(['cmp01', 'enabled', 'down'], ['cmp02', 'enabled', 'up'], ['cmp03', 'enabled', 'up'])
    await cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 'w')
    expect(await cloud.status('w')).toMatchObject({ state: 'succeeded' })
  })

  test.each([
    [null, 'again', [{ 'os-resetState': { state: 'active' } }]],
    ['cmp02', 'never', []],
  ] as const)('Nova calls its VM ERROR, with target %s: %s', async (dest_compute, remedy, changes) => {
    await accepted(MOVER, 'cmp02')
    nova.changes.length = 0
    const own = { id: 3, status: 'error', migration_type: 'live-migration', source_compute: 'cmp01', dest_compute }
    nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations: [own] } })
    nova.hold(MOVER, at('cmp01', { status: 'ERROR' }))
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy })
    expect(nova.changes.map(change => change.body)).toEqual(changes)
  })

  test.each([
    ['cmp01', 'MessagingTimeout', 'again'],
    ['cmp01', 'No valid host was found', 'elsewhere'],
    ['cmp02', 'the guest can not be looked at', 'never'],
  ] as const)('an evacuation fails with its VM in ERROR on %s, for %s: %s', async (host, details, remedy) => {
    nova.hold(MOVER, at('cmp01'))
    nova.hosts(['cmp01', 'enabled', 'down'], ['cmp02', 'enabled', 'up'], ['cmp03', 'enabled', 'up'])
    await cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 't')
    const own = { id: 3, migration_type: 'evacuation', source_compute: 'cmp01', dest_compute: 'cmp02' }
    nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations: [{ ...own, status: 'failed' }] } })
    nova.hold(MOVER, at(host, { status: 'ERROR' }))
    const path = `GET /v2.1/servers/${MOVER}/os-instance-actions`
    const asked = { action: 'evacuate', request_id: 'req-own', message: 'Error' }
    nova.answers.set(path, { status: 200, body: { instanceActions: [asked] } })
    const events = [{ event: 'rebuild_server', result: 'Error', details }]
    nova.answers.set(`${path}/req-own`, { status: 200, body: { instanceAction: { ...asked, events } } })
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy })
    expect((await cloud.status('t'))!.detail).toContain(details)
    if (remedy === 'never') return
    // It is asked for again as it is.
    await cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp03' }, 'u')
    expect(sent().map(change => change.body)).toEqual([
      { evacuate: { host: 'cmp02' } },
      { evacuate: { host: 'cmp03' } },
    ])
  })

  test('an evacuation that its target refused is over, whatever its record says, and is asked for again', async () => {
    nova.hold(MOVER, at('cmp01'))
    nova.hosts(['cmp01', 'enabled', 'down'], ['cmp02', 'enabled', 'up'])
    await cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 't')
    const own = {
      id: 3,
      migration_type: 'evacuation',
      source_compute: 'cmp01',
      dest_compute: 'cmp02',
      status: 'accepted',
    }
    nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations: [own] } })
    nova.hold(MOVER, at('cmp01', { status: 'ERROR', 'OS-EXT-STS:task_state': 'rebuilding' }))
    const path = `GET /v2.1/servers/${MOVER}/os-instance-actions`
    const asked = { action: 'evacuate', request_id: 'req-own' }
    nova.answers.set(path, { status: 200, body: { instanceActions: [{ ...asked, message: null }] } })
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    const events = [{ event: 'compute_rebuild_instance', result: 'Error', details: 'Conflict updating instance' }]
    nova.answers.set(path, { status: 200, body: { instanceActions: [{ ...asked, message: 'Error' }] } })
    nova.answers.set(`${path}/req-own`, {
      status: 200,
      body: { instanceAction: { ...asked, message: 'Error', events } },
    })
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'again' })
    nova.changes.length = 0
    await cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 'u')
    expect(nova.changes.map(change => change.body)).toEqual([
      { 'os-resetState': { state: 'error' } },
      { evacuate: { host: 'cmp02' } },
    ])
  })

  test('a VM that arrives while its records are read has arrived', async () => {
    nova.hold(MOVER, at('cmp01'))
    nova.hosts(['cmp01', 'enabled', 'down'], ['cmp02', 'enabled', 'up'])
    await cloud.submit('nova:evacuate', { vm: MOVER, host: 'cmp02' }, 't')
    const own = { id: 3, migration_type: 'evacuation', source_compute: 'cmp01', dest_compute: 'cmp02', status: 'done' }
    nova.answers.set('GET /v2.1/os-migrations', () => {
      nova.hold(MOVER, at('cmp02'))
      return { status: 200, body: { migrations: [own] } }
    })
    expect(await cloud.status('t')).toMatchObject({ state: 'succeeded' })
  })

  test('it has ended, and Nova calls its VM ERROR: told of, and not tried again', async () => {
    await accepted(MOVER, 'cmp02')
    const own = { id: 3, migration_type: 'live-migration', source_compute: 'cmp01', dest_compute: 'cmp02' }
    const migrations = [{ ...own, status: 'completed' }]
    nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations } })
    nova.hold(MOVER, at('cmp02', { status: 'ERROR' }))
    expect(await cloud.status('t')).toEqual({
      state: 'failed',
      detail: 'the live migration left the VM in ERROR on `cmp02`',
      retryable: false,
      remedy: 'never',
    })
  })

  test('Nova gives it up in the midst of putting things back: after a while the VM is freed of its task', async () => {
    await accepted(MOVER, 'cmp02')
    nova.changes.length = 0
    nova.hold(MOVER, at('cmp01', { 'OS-EXT-STS:task_state': 'migrating', 'OS-EXT-STS:vm_state': 'active' }))
    const own = { id: 3, migration_type: 'live-migration', source_compute: 'cmp01', dest_compute: 'cmp02' }
    const failedAgo = (seconds: number, ...later: object[]) => {
      const updated_at = new Date(Date.now() - seconds * 1000).toISOString().slice(0, -1)
      const migrations = [{ ...own, status: 'error', updated_at }, ...later]
      nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations } })
    }
    failedAgo(50)
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    // The task is another migration's.
    failedAgo(70, { ...own, id: 4, status: 'running' })
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    expect(nova.changes).toEqual([])
    failedAgo(70)
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'again', retryable: true })
    expect(nova.changes.map(change => change.body)).toEqual([{ 'os-resetState': { state: 'active' } }])
  })

  test('Nova loses the order before anybody records it: after a while the VM is freed of its task', async () => {
    await accepted(MOVER, 'cmp02')
    nova.changes.length = 0
    nova.hold(MOVER, at('cmp01', { 'OS-EXT-STS:task_state': 'migrating', 'OS-EXT-STS:vm_state': 'active' }))
    const askedAgo = (seconds: number) => {
      const start_time = new Date(Date.now() - seconds * 1000).toISOString().slice(0, -1)
      const instanceActions = [{ action: 'live-migration', request_id: 'req-own', message: null, start_time }]
      nova.answers.set(`GET /v2.1/servers/${MOVER}/os-instance-actions`, { status: 200, body: { instanceActions } })
    }
    askedAgo(50)
    expect(await cloud.status('t')).toMatchObject({ state: 'running', detail: 'asked for' })
    expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 'u'))).toContain('busy')
    expect(nova.changes).toEqual([])
    askedAgo(70)
    expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 'v'))).toContain('had lost')
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'again', retryable: true })
    const freed = { 'os-resetState': { state: 'active' } }
    expect(nova.changes.map(change => change.body)).toEqual([freed, freed])
  })

  test('Nova loses it between its record and the compute: after some minutes the VM is freed', async () => {
    await accepted(MOVER, 'cmp02')
    nova.changes.length = 0
    nova.hold(MOVER, at('cmp01', { 'OS-EXT-STS:task_state': 'migrating', 'OS-EXT-STS:vm_state': 'active' }))
    const acceptedAgo = (seconds: number) => {
      const updated_at = new Date(Date.now() - seconds * 1000).toISOString().slice(0, -1)
      const own = { id: 3, migration_type: 'live-migration', source_compute: 'cmp01', dest_compute: 'cmp02' }
      const migrations = [{ ...own, status: 'accepted', updated_at }]
      nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations } })
    }
    acceptedAgo(200)
    expect(await cloud.status('t')).toMatchObject({ state: 'running', detail: 'accepted' })
    acceptedAgo(400)
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'again' })
    expect(nova.changes.map(change => change.body)).toEqual([{ 'os-resetState': { state: 'active' } }])
  })

  test('its target dies while the VM arrives: left to a person, and never taken for a lost order', async () => {
    await accepted(MOVER, 'cmp02')
    nova.changes.length = 0
    nova.hold(MOVER, at('cmp01', { 'OS-EXT-STS:task_state': 'migrating', 'OS-EXT-STS:vm_state': 'active' }))
    const completedAgo = (seconds: number) => {
      const time = new Date(Date.now() - seconds * 1000).toISOString().slice(0, -1)
      const own = { id: 3, migration_type: 'live-migration', source_compute: 'cmp01', dest_compute: 'cmp02' }
      const migrations = [{ ...own, status: 'completed', updated_at: time }]
      nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations } })
      const asked = { action: 'live-migration', request_id: 'req-own', message: null, start_time: time }
      const path = `GET /v2.1/servers/${MOVER}/os-instance-actions`
      nova.answers.set(path, { status: 200, body: { instanceActions: [asked] } })
    }
    completedAgo(50)
    expect(await cloud.status('t')).toMatchObject({ state: 'running' })
    expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp03' }, 'u'))).toContain('busy')
    completedAgo(70)
    const words = 'it has gone to `cmp02`, which has not taken it up, and Nova still has it on `cmp01`'
    expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp03' }, 'v'))).toContain(words)
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'never', retryable: false })
    expect((await cloud.status('t'))!.detail).toContain(words)
    expect(nova.changes).toEqual([])
  })

  test('its VM is deleted, and all records with it', async () => {
    await accepted(MOVER, 'cmp02')
    nova.answers.delete(`GET /v2.1/servers/${MOVER}`)
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', detail: 'the VM is gone', remedy: 'never' })
  })

  test.each([
    ['the same host', at('cmp02'), ['cmp02', 'enabled', 'up'], 'nothing was refused'],
    ['a disabled host', at('cmp01'), ['cmp02', 'disabled', 'up'], 'the host `cmp02` is disabled'],
    ['a dead host', at('cmp01'), ['cmp02', 'enabled', 'down'], 'the host `cmp02` is down'],
    ['an unknown host', at('cmp01'), ['cmp09', 'enabled', 'up'], 'there is no compute host `cmp02`'],
    ['a stopped VM', at('cmp01', { status: 'SHUTOFF' }), ['cmp02', 'enabled', 'up'], 'the VM is SHUTOFF'],
    [
      'a busy VM',
      at('cmp01', { 'OS-EXT-STS:task_state': 'resize_prep' }),
      ['cmp02', 'enabled', 'up'],
      'Nova is busy with the VM',
    ],
  ] as const)('%s: nothing is sent', async (_, server, host, words) => {
    nova.hold(MOVER, server)
    nova.hosts([...host])
    const submission = cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't')
    expect(await refusalOf(submission)).toContain(words)
    // Asked again, the answer is the same.
    expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't'))).toContain(words)
    expect(sent()).toEqual([])
  })

  test('is not taken off a dead host, which may come up again or be evacuated', async () => {
    nova.hold(MOVER, at('cmp01'))
    nova.hosts(['cmp01', 'enabled', 'down'], ['cmp02', 'enabled', 'up'])
    const submission = cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't')
    expect(await refusalOf(submission)).toContain('it can only be evacuated')
    expect((await cloud.status('t'))?.remedy).toBe('again')
  })

  test.each([
    ['live-migrate-conflict-409', 'again'],
    ['live-migrate-shutoff', 'again'],
    ['live-migrate-err-nohost', 'elsewhere'],
    ['live-migrate-forbidden-member', 'never'],
  ] as const)('refused at once with %s: %s', async (name, remedy) => {
    nova.hold(MOVER, at('cmp01'))
    nova.hosts(['cmp01', 'enabled', 'up'], ['cmp02', 'enabled', 'up'])
    nova.answers.set(`POST /v2.1/servers/${MOVER}/action`, recorded(name))
    const submission = cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't')
    expect(await refusalOf(submission)).toContain('`nova:live_migrate` is refused')
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy })
  })

  test('cut off while it was sent, it is found by its traces; without any it may be tried again', async () => {
    nova.hold(MOVER, at('cmp01'))
    nova.hosts(['cmp01', 'enabled', 'up'], ['cmp02', 'enabled', 'up'])
    const action = { action: 'live-migration', request_id: 'req-1', message: null }
    nova.answers.set(`POST /v2.1/servers/${MOVER}/action`, () => {
      nova.answers.set(`GET /v2.1/servers/${MOVER}/os-instance-actions`, {
        status: 200,
        body: { instanceActions: [action] },
      })
      return { status: 0 }
    })
    await cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 'arrived')
    expect(await cloud.status('arrived')).toMatchObject({ state: 'running' })
    nova.answers.set(`POST /v2.1/servers/${MOVER}/action`, { status: 0 })
    await refusalOf(cloud.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 'lost'))
    expect(await cloud.status('lost')).toMatchObject({ state: 'failed', remedy: 'again' })
    expect(sent()).toHaveLength(2)
  })

  test('a process that comes after a crash sends only what left no trace', async () => {
    await accepted(MOVER, 'cmp02')
    const unsent = { ...(await journal.read('t'))!, sent: false }
    const later = await open({ ...journal, read: async token => (token === 't' ? unsent : undefined) })
    // Nova knows nothing of it: whoever asks is told so, and sends.
    expect(await later.status('t')).toBeUndefined()
    await later.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't')
    expect(sent()).toHaveLength(2)
    // Nova knows it: it goes on.
    const own = { id: 3, status: 'running', migration_type: 'live-migration', dest_compute: 'cmp02' }
    nova.answers.set('GET /v2.1/os-migrations', { status: 200, body: { migrations: [own] } })
    expect(await later.status('t')).toMatchObject({ state: 'running' })
    await later.submit('nova:live_migrate', { vm: MOVER, host: 'cmp02' }, 't')
    expect(sent()).toHaveLength(2)
  })

  test('is aborted once it takes longer than it may', async () => {
    await accepted(OTHER, 'cmp02')
    const running = recorded('server-migrations-in-progress').body as { migrations: Record<string, unknown>[] }
    const [migration] = running.migrations
    const body = (status: string) => ({
      status: 200,
      body: { migrations: [{ ...migration, migration_type: 'live-migration', status }] },
    })
    nova.answers.set('GET /v2.1/os-migrations', body('running'))
    nova.answers.set(`DELETE /v2.1/servers/${OTHER}/migrations/${migration!['id']}`, { status: 202 })
    await cloud.status('t')
    expect(nova.changes).toHaveLength(1)
    now += 1801 * 1000
    expect(await cloud.status('t')).toMatchObject({ state: 'running', detail: 'running, longer than 1800 s' })
    expect(nova.changes.at(-1)!.what).toMatch(/^DELETE .*\/migrations\/4$/)
    nova.answers.set('GET /v2.1/os-migrations', body('cancelled'))
    expect(await cloud.status('t')).toMatchObject({ state: 'failed', remedy: 'never' })
  })

  test('is looked after at once when a notification speaks of its VM', async () => {
    await accepted(MOVER, 'cmp02')
    const own = { id: 3, status: 'completed', migration_type: 'live-migration', dest_compute: 'cmp02' }
    const ended: string[] = []
    cloud.onEnded(token => ended.push(token))
    nova.answers.set('GET /v2.1/os-migrations', () => {
      // Nova tells of the end before its record shows it.
      const status = now > 1_002_000 ? 'completed' : 'running'
      return { status: 200, body: { migrations: [{ ...own, status }] } }
    })
    nova.hold(MOVER, at('cmp02'))
    await cloud.noticed(new Set([OTHER]))
    expect(ended).toEqual([])
    await cloud.noticed(new Set([MOVER, OTHER]))
    expect(ended).toEqual(['t'])
  })
})

test('a wrong name or input is said before anything is asked', async () => {
  expect(await refusalOf(cloud.submit('nova:livemigrate', {}, 't'))).toContain('`nova:livemigrate`')
  expect(await refusalOf(cloud.submit('nova:live_migrate', { vm: 'x' }, 't'))).toContain('`host`')
  expect(await cloud.status('t')).toBeUndefined()
})

test('an id can not lead to another address', async () => {
  nova.hosts()
  expect(await refusalOf(cloud.submit('nova:stop', { vm: '../os-services' }, 't'))).toContain('the VM is gone')
})

test('a service is disabled once, with its reason', async () => {
  nova.hosts(['cmp08', 'enabled', 'up'])
  nova.answers.set('PUT /v2.1/os-services/service-cmp08', () => {
    nova.hosts(['cmp08', 'disabled', 'up'])
    return { status: 200, body: {} }
  })
  await cloud.submit('nova:disable_service', { host: 'cmp08', reason: 'maintenance' }, 't')
  expect(nova.changes.map(change => change.body)).toEqual([{ status: 'disabled', disabled_reason: 'maintenance' }])
  expect(await cloud.status('t')).toEqual({ state: 'succeeded' })
  await cloud.submit('nova:disable_service', { host: 'cmp08' }, 'u')
  expect(nova.changes).toHaveLength(1)
})
