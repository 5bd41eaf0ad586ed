import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { cloud, deletion, fileOf, folderOf, policy, top, usher } from './usher.ts'

/** Run a shell line in which `usher` is the real command in a process of its own. */
function shell(
  line: string,
  env: Readonly<Record<string, string>> = {},
): { code: number | null; out: string; err: string } {
  const usherCommand = `usher() { "${process.execPath}" --import tsx src/cli/main.ts "$@"; }`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `${usherCommand}; set -o pipefail; ${line}`], {
    cwd: top,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '', ...env },
  })
  return { code: status, out: stdout, err: stderr }
}

describe('the real command', () => {
  test('a reader that closes the pipe early is no failure', () => {
    const query = `'nova:servers(id=vm), nova:location(v, h)'`
    const { out, err } = shell(`usher eval policies/nfv-poc/ha.dl --data fixtures/nfv-poc --query ${query} | head -n 1`)
    expect(out).toMatch(/^vm +v +h\n$/)
    expect(err).toBe('')
  })

  test.runIf(process.platform === 'linux')('a full disk behind the answer', () => {
    const { code, err } = shell(`usher violations policies/nfv-poc/ha.dl --data fixtures/nfv-poc > /dev/full`)
    expect(err).toContain('the disk is full')
    expect(err).not.toContain(' at ')
    expect(code).toBe(2)
  })

  test('bad input leaves the process with 2, and help with 0', () => {
    expect(shell('usher check /nowhere.dl').code).toBe(2)
    expect(shell('usher plan --help').code).toBe(0)
    expect(shell('usher').code).toBe(2)
  })
})

describe('state folders', () => {
  const apply = (state: string) => [
    'apply',
    fileOf('p.dl', 'error(vm) :- nova:location(vm, "server-zz")\n'),
    '--data',
    cloud,
    '--state',
    state,
  ]
  const refused = async (argv: string[], code: string) => {
    const { code: exit, out, err } = await usher(argv)
    expect(err).toContain(`[${code}]`)
    expect(err).not.toMatch(/^\s+at /m)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
  }

  test('a folder that can not be written', async () => {
    const parent = folderOf({ 'keep.txt': '' })
    chmodSync(parent, 0o555)
    // The superuser may write anywhere but where the system itself says no.
    const state = process.getuid?.() === 0 ? '/proc/usher-state' : join(parent, 'state')
    await refused(apply(state), 'cli/state-unusable')
    chmodSync(parent, 0o755)
  })

  test('a file', () => refused(apply(fileOf('state', 'text')), 'cli/state-unusable'))

  test('a database from a newer version', async () => {
    const folder = folderOf({ 'state/readme.txt': '' })
    const store = await openStore({ file: join(folder, 'state', 'usher.db') })
    await store.db
      .insertInto('kysely_migration' as never)
      .values({ name: '9999-from-the-future', timestamp: '' } as never)
      .execute()
    await store.close()
    await refused(apply(join(folder, 'state')), 'store/newer-version')
  })

  test('one that is in use', async () => {
    const folder = folderOf({ 'state/lock': String(process.ppid) })
    await refused(apply(join(folder, 'state')), 'cli/state-in-use')
  })

  test('a lock left by a process that is gone', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid
    const folder = folderOf({ 'state/lock': String(gone) })
    expect((await usher(apply(join(folder, 'state')))).code).toBe(0)
  })

  test('a cloud that was started from other data', async () => {
    const state = join(folderOf({ 'readme.txt': '' }), 'state')
    expect((await usher(apply(state))).code).toBe(0)
    await refused([...apply(state), '--change', deletion], 'cli/other-cloud')
  })
})

describe('answers', () => {
  const argv = ['violations', policy('balance'), policy('capacity'), '--data', cloud, '--change', deletion]

  test('are plain when piped and coloured on a terminal', async () => {
    expect((await usher(argv)).out).toBe('error  balance  error("server-a", "server-b")\n')
    expect((await usher(argv, { terminal: true })).out).toContain('\u001b[31merror')
    expect((await usher(argv, { terminal: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b[')
    expect((await usher(argv, { env: { FORCE_COLOR: '1' } })).out).toContain('\u001b[31merror')
  })

  test('are tables with borders on a terminal', async () => {
    const query = ['eval', policy('ha'), '--data', cloud, '--query', 'group(a, b), a < b']
    expect((await usher(query)).out).toBe('a                b\n"VM.one.large2"  "VM.two.large2"\n')
    expect((await usher(query, { terminal: true })).out).toContain('│ "VM.one.large2" │ "VM.two.large2" │')
  })

  test('an internal fault says that it is ours, and shows its stack on demand alone', async () => {
    const broken = {
      write: () => {},
      isTerminal: false,
      get columns(): number {
        throw new Error('made to fail')
      },
    }
    const { run } = await import('../../src/cli/run.ts')
    const attempt = async (...more: string[]) => {
      let err = ''
      const io = {
        out: broken,
        err: { write: (text: string) => void (err += text), isTerminal: false, columns: 80 },
        env: {},
      }
      const code = await run(['check', '--help', ...more], io)
      return { code, err }
    }
    const plain = await attempt()
    expect(plain.code).toBe(3)
    expect(plain.err).toContain('this is a bug of Usher')
    expect(plain.err).not.toContain('    at ')
  })
})
