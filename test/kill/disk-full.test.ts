import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { createEngine, createRunner, readHistory } from '../../src/workflow/index.ts'
import { noServer, ownServer } from '../postgres/own-server.ts'

/*
 * PostgreSQL with its tables on a file system that is full: a small one in memory, which only the superuser can mount. Where that is
 * not allowed, the store's own tests let the server say that its disk is full.
 */

const NOBODY = 65534
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'usher-full-'))
const small = join(folder, 'small')
const mount = (...args: string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0
const resize = (size: string): boolean => mount('-o', `remount,size=${size}`, small)

chmodSync(folder, 0o755)
mkdirSync(small)
const mounted =
  !noServer &&
  process.getuid?.() === 0 &&
  mount('-t', 'tmpfs', '-o', `size=40m,uid=${NOBODY},gid=${NOBODY},mode=700`, 'tmpfs', small)

// Before the server's own end is asked for: what is asked for last is done first, and the server must be gone by then.
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', small])
  rmSync(folder, { recursive: true, force: true })
})

const own = ownServer(mounted, async server => {
  mkdirSync(join(small, 'space'), { mode: 0o700 })
  chownSync(join(small, 'space'), NOBODY, NOBODY)
  await server.administer(`create tablespace small location '${join(small, 'space')}'`)
  await server.administer('create database filled tablespace small')
})

test.skipIf(!mounted)(
  'a server whose disk is full loses nothing, and the workflow goes on when there is room',
  async () => {
    const store = await openStore({ url: own().url('filled') })
    const engine = createEngine(store)
    const acted: string[] = []
    const runner = createRunner(
      store,
      engine,
      {
        // Each result is a megabyte that does not compress.
        act: {
          async run(_, { token }) {
            acted.push(token)
            const data = Array.from({ length: 100_000 }, () => Math.random().toString(36)).join('')
            return { outcome: 'success', data }
          },
        },
      },
      { idleMs: 200, concurrency: 1 },
    )
    const tasks = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `t${i}`,
        { action: 'act', ...(i < 59 && { 'on-success': [`t${i + 1}`] }) },
      ]),
    )
    const id = await engine.start({ name: 'w', tasks }, {})
    await expect(runner.runUntilDone(id)).rejects.toThrow('no room left to write the database')
    const before = (await readHistory(store, id)).filter(e => e.kind === 'task-succeeded').length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(60)
    expect(resize('400m')).toBe(true)
    expect((await runner.runUntilDone(id)).state).toBe('succeeded')
    expect(acted).toHaveLength(60)
    expect(new Set(acted).size).toBe(60)
    expect((await readHistory(store, id)).filter(e => e.kind === 'task-succeeded')).toHaveLength(60)
    await runner.stop()
    await store.close()
  },
  120_000,
)
