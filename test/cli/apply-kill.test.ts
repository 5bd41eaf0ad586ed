import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { folderOf, top } from './usher.ts'

const VMS = ['vm1', 'vm2', 'vm3', 'vm4']

/** h1 must be emptied; one migration at a time, because each takes h1 as its source. */
function cloudAndPolicy(): string {
  return folderOf({
    'data/nova/location.csv': `vm,host\n${VMS.map(vm => `${vm},h1`).join('\n')}\n`,
    'data/nova/hypervisors.csv': 'hypervisor_hostname,id,state,status\nh1,1,up,enabled\nh2,2,up,enabled\n',
    'drain.dl': 'error(vm) :- nova:location(vm, "h1")\n',
  })
}

function apply(folder: string): ChildProcess {
  const argv = ['apply', join(folder, 'drain.dl'), '--data', join(folder, 'data'), '--state', join(folder, 'state')]
  return spawn(
    process.execPath,
    ['--import', 'tsx', join(top, 'src/cli/main.ts'), ...argv, '--seconds-per-migration', '0.5', '--json'],
    { cwd: top, stdio: ['ignore', 'pipe', 'inherit'] },
  )
}

interface Migration {
  readonly vm: string
  readonly token: string
}

/** Every migration that the simulated cloud accepted, read from its own journal. */
function issued(folder: string): Migration[] {
  const journal = join(folder, 'state', 'cloud.jsonl')
  if (!existsSync(journal)) return []
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1)
  return lines.map(line => JSON.parse(line) as { op: string } & Migration).filter(event => event.op === 'migrate')
}

async function killAfter(migrations: number, folder: string): Promise<void> {
  const child = apply(folder)
  const ended = new Promise(resolve => child.once('exit', resolve))
  while (issued(folder).length < migrations) {
    if (child.exitCode !== null) throw new Error('apply ended before it could be killed')
    await sleep(10)
  }
  child.kill('SIGKILL')
  await ended
}

test('apply is killed twice and goes on each time, and no migration is issued twice', async () => {
  const folder = cloudAndPolicy()
  await killAfter(1, folder)
  await killAfter(3, folder)
  const child = apply(folder)
  let out = ''
  child.stdout!.on('data', text => (out += text))
  const code = await new Promise(resolve => child.once('close', resolve))
  const result = JSON.parse(out) as { continued: boolean; state: string; violations: unknown[] }
  expect({ code, ...result }).toMatchObject({ code: 0, continued: true, state: 'succeeded', violations: [] })

  const migrations = issued(folder)
  expect(migrations.map(m => m.vm).toSorted()).toEqual(VMS)
  expect(new Set(migrations.map(m => m.token)).size).toBe(VMS.length)
}, 120_000)
