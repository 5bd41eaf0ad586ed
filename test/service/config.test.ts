import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { apiSettingsSchema } from '../../src/api/index.ts'
import { run } from '../../src/cli/run.ts'
import { readServiceConfig } from '../../src/control/index.ts'
import { DiagnosticError } from '../../src/diagnostic/index.ts'

// Much of the time is that of threads and processes that start: on a busy machine it is long.
vi.setConfig({ testTimeout: 240_000 })

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'usher-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('usher.yaml', () => {
  test('secrets come from the environment and from files, paths are relative to it, the rest has defaults', async () => {
    file('password', 'from a file\n')
    const path = file(
      'usher.yaml',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the file's own syntax
      'database: { url: "postgres://u:${PASSWORD}@h/${file:password}" }\npolicies: { folder: rules }\ncontrol: { hysteresis: { rest: 10m } }\n',
    )
    const { config, api } = await readServiceConfig(path, { PASSWORD: 'hidden' }, apiSettingsSchema)
    expect(config.database.url).toBe('postgres://u:hidden@h/from a file')
    expect(config.policies).toEqual({ folder: join(folder, 'rules'), mode: 'monitor' })
    expect(config.control.hysteresis.rest).toBe(600)
    expect(config.control.lease).toBe(15)
    expect(api.port).toBe(1789)
  })

  test('every mistake is named with its line, and no secret is shown', async () => {
    const path = file(
      'usher.yaml',
      [
        'database:',
        '  file: usher.db',
        '  url: postgres://u:very-secret@h/d',
        'policies:',
        '  mode: force',
        'control:',
        '  lease: a while',
        '  domain: all',
        'api:',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the file's own syntax
        '  port: ${NO_SUCH_PORT}',
      ].join('\n'),
    )
    const error = await readServiceConfig(path, { HOME: '/' }, apiSettingsSchema).catch(thrown => thrown)
    expect(error).toBeInstanceOf(DiagnosticError)
    const found = (error as DiagnosticError).diagnostics.map(({ span, message }) => [span?.line, message])
    expect(found.map(([line]) => line).sort()).toEqual(expect.arrayContaining([5, 7, 10]))
    expect(found.length).toBeGreaterThanOrEqual(5)
    expect(JSON.stringify(found)).not.toContain('very-secret')
  })
})

describe('usher doctor', () => {
  test('says of everything that is wrong what mends it, and shows no secret', async () => {
    writeFileSync(join(folder, 'bad.dl'), 'error(x) :- no:where(x)\n')
    const path = file(
      'usher.yaml',
      [
        `datasources: [{ driver: simulator, name: cloud, path: ${join(root, 'fixtures/nfv-poc')} }]`,
        'database: { url: "postgres://u:very-secret@127.0.0.1:1/d" }',
        `policies: { folder: . }`,
        "control: { schedules: [{ cron: 'often' }] }",
      ].join('\n'),
    )
    let text = ''
    const sink = { write: (part: string) => void (text += part), isTerminal: false, columns: 200 }
    const code = await run(['doctor', '--config', path, '--json'], { out: sink, err: sink, env: {} })
    expect(code).toBe(1)
    const { findings } = JSON.parse(text) as {
      findings: { part: string; ok: boolean; diagnostics?: { code: string; help?: string }[] }[]
    }
    const wrong = findings.filter(({ ok }) => !ok)
    expect(wrong.map(({ part }) => part).sort()).toEqual(['configuration', 'database', 'policies'])
    for (const { diagnostics = [] } of wrong) for (const { help } of diagnostics) expect(help).toBeTruthy()
    expect(text).not.toContain('very-secret')
    expect(findings.some(({ part, ok }) => part === 'data source' && ok)).toBe(true)
  })
})

describe('usher serve', () => {
  test('answers, and ends by itself on SIGTERM', async () => {
    const path = file(
      'usher.yaml',
      [
        `datasources: [{ driver: simulator, name: cloud, path: ${join(root, 'fixtures/nfv-poc')} }]`,
        'database: { file: usher.db }',
        'api: { port: 0, authentication: { everyoneIs: viewer } }',
      ].join('\n'),
    )
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'serve', '--config', path], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    const listening = new Promise<string>((resolve, reject) => {
      child.stdout.on('data', chunk => {
        out += chunk
        const found = /"address":"(http[^"]+)"/.exec(out)
        if (found) resolve(found[1]!)
      })
      child.once('exit', () => reject(new Error(`it ended: ${out}`)))
    })
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
    try {
      const address = await listening
      const answer = await fetch(`${address}/v2/placements?host=server-a`)
      expect(((await answer.json()) as { items: unknown[] }).items).toHaveLength(3)
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      expect(out).toContain('the service has stopped')
    } finally {
      child.kill('SIGKILL')
    }
  })
})
