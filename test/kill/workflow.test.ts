import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { type TestDatabase, testDialects } from '../../src/store/testing/databases.ts'
import { readHistory, showExecution } from '../../src/workflow/index.ts'
import { readJournal } from '../../src/workflow/testing/journal-cloud.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const script = join(root, 'src/workflow/testing/plan-process.ts')

describe.each(testDialects())('on $dialect $skip', ({ skip, dialect, create }) => {
  if (skip) return test.skip(skip)

  let folder: string
  let store: TestDatabase
  beforeEach(async () => {
    store = await create()
    folder = mkdtempSync(join(tmpdir(), 'usher-kill-'))
  })
  afterEach(async () => {
    rmSync(folder, { recursive: true })
    await store.remove()
  })

  const database = () => store.options.url ?? store.options.file!
  const journal = () => join(folder, 'journal.jsonl')

  /** One life of the process. `killAfter`: milliseconds from its start of work to a SIGKILL from outside. */
  function live(options: { killAfter?: number; diesAt?: number }): Promise<{ signal: string | null; out: string }> {
    const args = ['--import', 'tsx', script, database(), journal()]
    if (options.diesAt !== undefined) args.push(String(options.diesAt))
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.includes('started') && options.killAfter !== undefined) {
        const { killAfter } = options
        options = {}
        setTimeout(() => child.kill('SIGKILL'), killAfter)
      }
    })
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (_, signal) => resolve({ signal, out }))
    })
  }

  /** Every token was acted upon once, and every move and the end were recorded once. */
  async function expectDoneOnce(): Promise<void> {
    const opened = await openStore(store.options)
    const view = await showExecution(opened, 'the-plan')
    const history = await readHistory(opened, 'the-plan')
    await opened.close()

    expect(view.state).toBe('succeeded')
    expect(view.tasks.map(t => [t.name, t.state])).toEqual([
      ...Array.from({ length: 12 }, (_, i) => [`m${i + 1}`, 'succeeded']),
      ['confirm', 'succeeded'],
    ])
    const wanted = Array.from({ length: 12 }, (_, i) => `the-plan/m${i + 1}/1`)
      .concat('the-plan/m5/2')
      .sort()
    const acted = readJournal(journal()).filter(e => e.kind === 'acted')
    expect(acted.map(e => e.token).sort()).toEqual(wanted)
    const records = history.filter(e => e.kind === 'task-succeeded' || e.kind === 'task-failed')
    const moves = records.filter(e => e.task !== 'confirm').map(e => `the-plan/${e.task}/${e.attempt}`)
    expect(moves.sort()).toEqual(wanted)
    for (const kind of ['execution-started', 'execution-ended'])
      expect(history.filter(e => e.kind === kind)).toHaveLength(1)
  }

  test.skipIf(dialect === 'postgres')(
    'a process killed at any moment and started again finishes the plan, and no move is made twice',
    async () => {
      for (const killAfter of [0, 40, 15]) {
        const { signal } = await live({ killAfter })
        if (signal === null) break
        expect(signal).toBe('SIGKILL')
      }
      expect((await live({})).out).toBe('started\nsucceeded\n')
      await expectDoneOnce()
    },
    120_000,
  )

  test('a process that dies at steps of its own work and is started again finishes the plan, and no move is made twice', async () => {
    // Around a start, a claim, a submission, its record, a completion; in-process tests go through all of them.
    let deaths = 0
    for (const diesAt of dialect === 'sqlite' ? [1, 8, 9, 22] : [9]) {
      const { signal } = await live({ diesAt })
      if (signal === 'SIGKILL') deaths++
    }
    expect(deaths).toBeGreaterThanOrEqual(dialect === 'sqlite' ? 3 : 1)
    expect((await live({})).out).toBe('started\nsucceeded\n')
    await expectDoneOnce()
  }, 120_000)

  test('two processes on one database share a plan; one is killed, and the other finishes it', async () => {
    const [killed, survivor] = await Promise.all([live({ killAfter: 60 }), live({})])
    expect([null, 'SIGKILL']).toContain(killed.signal)
    expect(survivor.out).toBe('started\nsucceeded\n')
    await expectDoneOnce()
  }, 120_000)
})
