import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApplyResult } from '../../../src/control/index.ts'
import { type Layout, PASSWORD, queueUrl, url } from '../control-plane/layout.ts'

export const policy = fileURLToPath(new URL('spread.dl', import.meta.url))
const program = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** A configuration for the control plane, in a folder of its own, which goes away with the control plane. */
export function writeConfig(layout: Layout, { notified = true } = {}): { folder: string; config: string } {
  const folder = mkdtempSync(join(layout.root, 'run-'))
  const config = join(folder, 'usher.yaml')
  const services = ['nova', 'placement']
  const lines = [
    'datasources:',
    '  - name: openstack',
    '    driver: openstack',
    '    auth:',
    `      auth_url: ${url(layout, 'identity')}`,
    '      username: usher',
    `      password: ${PASSWORD}`,
    '      project_name: admin',
    '      user_domain_name: Default',
    '      project_domain_name: Default',
    '    services:',
    ...services.map(name => `      ${name}: {}`),
    ...(notified ? ['    notifications:', `      url: ${queueUrl(layout, 'amqp')}`] : []),
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  return { folder, config }
}

/** `usher apply` on the control plane, as a process. */
export class Usher {
  readonly #child: ChildProcess
  readonly ended: Promise<{ code: number | null; out: string; err: string }>
  #out = ''
  #err = ''

  constructor(args: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stdout.on('data', chunk => {
      this.#out += chunk
    })
    child.stderr.on('data', chunk => {
      this.#err += chunk
    })
    this.ended = new Promise(resolve => child.once('close', code => resolve({ code, out: this.#out, err: this.#err })))
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
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
