import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApplyResult } from '../../../src/control/index.ts'
import type { Json } from '../control-plane/admin.ts'
import { type Layout, PASSWORD, queueUrl, url } from '../control-plane/layout.ts'
import { until } from './bed.ts'

export const policy = fileURLToPath(new URL('spread.dl', import.meta.url))
const program = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** What of a configuration is not as usual. */
interface Wishes {
  readonly notified?: boolean
  readonly services?: readonly string[]
  readonly authUrl?: string
  readonly user?: string
  readonly password?: string
  readonly project?: string
  /** More of the data source, in YAML, a line each. */
  readonly more?: readonly string[]
}

/** A configuration for the control plane, in a folder of its own, which goes away with the control plane. */
export function writeConfig(layout: Layout, wishes: Wishes = {}): { folder: string; config: string } {
  const folder = mkdtempSync(join(layout.root, 'run-'))
  const config = join(folder, 'usher.yaml')
  writeFileSync(config, linesOf(cloudLines(layout, wishes)))
  return { folder, config }
}

function cloudLines(
  layout: Layout,
  {
    notified = true,
    services = ['nova', 'placement'],
    authUrl = url(layout, 'identity'),
    user = 'usher',
    password = PASSWORD,
    project = 'admin',
    more = [],
  }: Wishes = {},
): string[] {
  return [
    'datasources:',
    '  - name: openstack',
    '    driver: openstack',
    '    auth:',
    `      auth_url: ${authUrl}`,
    `      username: ${user}`,
    `      password: ${password}`,
    `      project_name: ${project}`,
    '      user_domain_name: Default',
    '      project_domain_name: Default',
    '    services:',
    ...services.map(name => `      ${name}: {}`),
    ...(notified ? ['    notifications:', `      url: ${queueUrl(layout, 'amqp')}`] : []),
    ...more.map(line => `    ${line}`),
  ]
}

const linesOf = (lines: readonly string[]) => `${lines.join('\n')}\n`

/** Those that run now. */
const running = new Set<Usher>()

/** End what a test that failed has left. */
export async function endAll(): Promise<void> {
  for (const usher of running) await usher.kill()
}

/** A command of Usher on the control plane, as a process. */
export class Usher {
  readonly #child: ChildProcess
  readonly ended: Promise<{ code: number | null; out: string; err: string }>
  #out = ''
  #err = ''

  constructor(args: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    running.add(this)
    child.stdout.on('data', chunk => {
      this.#out += chunk
    })
    child.stderr.on('data', chunk => {
      this.#err += chunk
    })
    this.ended = new Promise(resolve =>
      child.once('close', code => {
        running.delete(this)
        resolve({ code, out: this.#out, err: this.#err })
      }),
    )
  }

  /** What it has said so far. */
  get said(): string {
    return this.#out + this.#err
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  terminate(): void {
    this.#child.kill('SIGTERM')
  }

  /** What it answers as JSON. */
  async answer(): Promise<ApplyResult> {
    const { code, out, err } = await this.ended
    if (code !== 0 && code !== 1) throw new Error(`usher ended with ${code}:\n${out}\n${err}`)
    return JSON.parse(out) as ApplyResult
  }
}

export function apply(run: { folder: string; config: string }, ...more: readonly string[]): Usher {
  const state = ['--cloud', run.config, '--state', join(run.folder, 'state')]
  return new Usher(['apply', policy, ...state, '--time-limit', '20', '--seed', '1', '--json', ...more])
}

interface Violation {
  readonly row: readonly unknown[]
  readonly text: string
  readonly held?: readonly { readonly vm: unknown; readonly because: string }[]
}

/** `usher serve` with the policy in force, and what it remembers between one process and the next. */
export class Serving {
  readonly #config: string
  readonly database: string
  #usher: Usher | undefined
  #address = ''

  constructor(layout: Layout) {
    const folder = mkdtempSync(join(layout.root, 'serve-'))
    this.#config = join(folder, 'usher.yaml')
    this.database = join(folder, 'usher.db')
    mkdirSync(join(folder, 'policies'))
    copyFileSync(policy, join(folder, 'policies', 'spread.dl'))
    const lines = [
      ...cloudLines(layout),
      'database: { file: usher.db }',
      'policies: { folder: policies, mode: enforce }',
      'control:',
      '  evacuate: true',
      '  perHost: 2',
      '  lease: 5s',
      '  placement: { seconds: 20 }',
      'api: { port: 0, authentication: { everyoneIs: admin } }',
    ]
    writeFileSync(this.#config, linesOf(lines))
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const usher = new Usher(['serve', '--config', this.#config])
    this.#usher = usher
    await until('usher serve listens', async () => {
      if (!usher.running) throw new Error(`usher serve has ended:\n${usher.said.slice(-3000)}`)
      this.#address = /"address":"([^"]+)"/.exec(usher.said)?.[1] ?? ''
      return this.#address !== ''
    })
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    await this.#usher?.kill()
  }

  /** As an administrator does; gives the exit code. */
  async stop(): Promise<number | null> {
    this.#usher!.terminate()
    return (await this.#usher!.ended).code
  }

  /** Its log, of the process that runs or ran last. */
  get log(): string {
    return this.#usher?.said ?? ''
  }

  async get(path: string): Promise<Json> {
    const response = await fetch(`${this.#address}/v2${path}`, { signal: AbortSignal.timeout(60_000) })
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  /** The rows that violate the policy now, and when each began. */
  async violations(): Promise<readonly Violation[]> {
    return (await this.get('/violations?limit=1000')).items
  }
}
