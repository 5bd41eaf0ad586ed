import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { apiSettingsSchema } from '../../src/api/index.ts'
import { createService, examineService, openDatabase } from '../../src/control/index.ts'
import { testConfig } from '../../src/control/service/testing/index.ts'
import { createEngine } from '../../src/workflow/index.ts'
import { until } from './cloud.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'usher-key-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const environment = { USHER_SECRET_KEY: randomBytes(32).toString('base64') }

test('the service carries on a workflow whose secrets are sealed with the key of the environment', async () => {
  const config = testConfig({ database: { file: join(folder, 'usher.db') } })
  const store = await openDatabase(config, environment)
  const definition = {
    ...{ name: 'w', input: ['pin'], secrets: ['pin'] },
    tasks: { a: { action: 'std.echo', input: { output: '<% pin %>' } } },
  }
  const id = await createEngine(store).start(definition, { pin: 'abcd' })
  await store.close()
  const service = await createService(config, { sources: [], environment })
  try {
    const ended = await until(async () => {
      const view = await service.workflows.execution(id)
      return view?.state === 'running' ? undefined : view
    }, 'the workflow ends')
    expect(ended.state).toBe('succeeded')
    expect(JSON.stringify(ended)).not.toContain('abcd')
  } finally {
    await service.stop()
  }
})

test('a key that can not be used is found before the service starts', async () => {
  const path = join(folder, 'usher.yaml')
  writeFileSync(path, 'database: { file: usher.db }\n')
  const config = testConfig({ database: { file: join(folder, 'usher.db') } })
  await (await openDatabase(config, {})).close()
  const findings = await examineService(path, { USHER_SECRET_KEY: 'short' }, apiSettingsSchema)
  const database = findings.find(({ part }) => part === 'database')
  expect(database).toMatchObject({ ok: false, diagnostics: [{ code: 'store/key' }] })
})
