import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contents } from '../testing/tables.ts'
import { manualClock } from './clock.ts'
import { createSimulator } from './simulator.ts'

const CLOUD = {
  hosts: [
    { name: 'h1', cpu: 8 },
    { name: 'h2', cpu: 8 },
  ],
  flavors: [{ id: 'small', vcpus: 1, memoryGiB: 4 }],
  vms: [
    { id: 'v0', host: 'h1', flavor: 'small', load: 1 },
    { id: 'v1', host: 'h1', flavor: 'small', load: 1 },
    { id: 'v2', host: 'h1', flavor: 'small', load: 1 },
  ],
}

let folder: string
let journal: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'usher-journal-'))
  journal = join(folder, 'cloud.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a cloud with a journal', () => {
  it('comes up as it was, with migrations that went on and tokens remembered', async () => {
    const clock = manualClock()
    const first = createSimulator({ cloud: CLOUD, clock, journal, migrationSeconds: 10, failureRate: 0.3, seed: 7 })
    first.createVm({ id: 'v3', host: 'h2', flavor: 'small', load: 3 })
    first.setLoad('v2', 2)
    first.createVm({ id: 'v4', host: 'h2' })
    first.deleteVm('v4')
    first.deleteVm('v0')
    first.failNext('v2')
    await first.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')
    await first.submit('nova:live_migrate', { vm: 'v1', host: 'h1' }, 'refused').catch(() => undefined)
    clock.advance(4000)
    await first.submit('nova:live_migrate', { vm: 'v2', host: 'h2' }, 'b')
    const before = contents(first.snapshot())
    first.close()

    // The cloud given at a restart does not matter: the journal knows its own.
    const second = createSimulator({ cloud: { hosts: [] }, clock, journal, failureRate: 0.3, seed: 7 })
    expect(contents(second.snapshot())).toEqual(before)
    expect(await second.status('a')).toEqual({ state: 'running' })
    expect(await second.status('refused')).toMatchObject({ state: 'failed' })
    await second.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')
    expect(second.issued.map(issued => issued.token)).toEqual(['a', 'b'])
    clock.advance(6000)
    expect((await second.status('a'))!.state).not.toBe('running')
    expect(await second.status('b')).toEqual({ state: 'running' })
    second.close()

    clock.advance(60_000)
    const third = createSimulator({ cloud: { hosts: [] }, clock, journal })
    expect(await third.status('b')).toMatchObject({ state: 'failed', detail: 'it was told to fail' })
    expect(third.snapshot().get('nova:location')!.rows).toContainEqual(['v2', 'h1'])
    third.close()
  })

  it('forgets a line that was torn off, and nothing else', async () => {
    const clock = manualClock()
    const first = createSimulator({ cloud: CLOUD, clock, journal })
    first.setLoad('v1', 5)
    const before = contents(first.snapshot())
    await first.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')
    first.close()
    truncateSync(journal, readFileSync(journal).length - 7)
    const second = createSimulator({ cloud: CLOUD, clock, journal })
    expect(contents(second.snapshot())).toEqual(before)
    expect(await second.status('a')).toBeUndefined()
    await second.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')
    second.close()
    expect(createSimulator({ cloud: CLOUD, clock, journal }).issued).toHaveLength(1)
  })

  it('says so when the journal is damaged, foreign or out of reach', () => {
    writeFileSync(journal, 'hello\n')
    expect(() => createSimulator({ cloud: CLOUD, journal })).toThrow(/damaged/)
    writeFileSync(journal, '{"op":"other"}\n')
    expect(() => createSimulator({ cloud: CLOUD, journal })).toThrow(/line 1 .* not this simulator's/)
    expect(() => createSimulator({ cloud: CLOUD, journal: join(folder, 'no', 'j') })).toThrow(/no such folder/)
    rmSync(journal)
    createSimulator({ cloud: CLOUD, journal }).close()
    appendFileSync(journal, '{"op":"launch"}\n')
    expect(() => createSimulator({ cloud: CLOUD, journal })).toThrow(/not this simulator's/)
  })

  it('changes nothing that it could not write down', async () => {
    const cloud = createSimulator({ cloud: CLOUD, clock: manualClock(), journal })
    const before = contents(cloud.snapshot())
    cloud.close()
    expect(() => cloud.setLoad('v1', 5)).toThrow(/journal .* can't be written/)
    await expect(cloud.submit('nova:live_migrate', { vm: 'v1', host: 'h2' }, 'a')).rejects.toThrow(/can't be written/)
    expect(contents(cloud.snapshot())).toEqual(before)
    expect(await cloud.status('a')).toBeUndefined()
  })

  it('survives SIGKILL: what a caller was told is there again', async () => {
    const script = join(folder, 'cloud.mts')
    const module = new URL('./simulator.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { createSimulator } from ${JSON.stringify(module)}
const cloud = createSimulator({ cloud: ${JSON.stringify(CLOUD)}, journal: ${JSON.stringify(journal)}, migrationSeconds: 0.001 })
for (let i = 0; ; i++) {
  const at = cloud.snapshot().get('nova:location').rows.find(row => row[0] === 'v1')[1]
  await cloud.submit('nova:live_migrate', { vm: 'v1', host: at === 'h1' ? 'h2' : 'h1' }, String(i))
  process.stdout.write(i + '\\n')
  while ((await cloud.status(String(i))).state === 'running') await new Promise(r => setTimeout(r, 1))
}
`,
    )
    const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const told = await readUntilKilled(child, 20)
    const again = createSimulator({ cloud: CLOUD, journal })
    const tokens = again.issued.map(issued => issued.token)
    expect(new Set(tokens).size).toBe(tokens.length)
    expect(tokens).toEqual(expect.arrayContaining(told))
    expect(tokens.length - told.length).toBeLessThanOrEqual(1)
    again.close()
  })
})

/** Lines the child wrote by the time it died, killed after the given number of them. */
function readUntilKilled(child: ChildProcess, lines: number): Promise<string[]> {
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.split('\n').length > lines) child.kill('SIGKILL')
  })
  return new Promise(resolve => child.on('close', () => resolve(text.split('\n').slice(0, -1))))
}
