/**
 * `npm run test:openstack`: starts a real OpenStack control plane on this machine, runs the suite over it, and stops it.
 *
 *     npm run test:openstack                    everything, once
 *     npm run test:openstack -- --times 5       one control plane after the other
 *     npm run test:openstack -- --up            only start one, until Ctrl-C; the suite can be run beside it with
 *     npm run test:openstack -- --on FOLDER -t 'live migration'
 *
 * What it does not know (`-t NAME`, names of files) goes to vitest. Exit code 0: all passed; 1: something failed; 2: it could not run.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ControlPlane } from './control-plane/control-plane.ts'
import { endGroup } from './control-plane/daemon.ts'
import { installPackages } from './control-plane/packages.ts'
import { serveOrders } from './control-plane/remote.ts'

const HOSTS = 8
const socketIn = (folder: string) => join(folder, 'orders.sock')
const say = (line: string) => console.log(line)

const args = process.argv.slice(2)
const take = (name: string, hasValue: boolean): string | undefined => {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args.splice(at, hasValue ? 2 : 1).at(-1)
}
const times = Number(take('--times', true) ?? 1)
const onlyUp = take('--up', false) !== undefined
const on = take('--on', true)

endWithParent()
if (on !== undefined) process.exit(await suite(socketIn(on)))
const obstacle = installPackages(say)
if (obstacle !== undefined) {
  say(`The OpenStack suite can not run here: ${obstacle}`)
  process.exit(2)
}
const results: boolean[] = []
for (let n = 1; n <= times; n++) {
  const code = await once()
  if (code === 2) process.exit(2)
  results.push(code === 0)
  if (times > 1) say(`run ${n} of ${times}: ${code === 0 ? 'passed' : 'failed'}`)
}
const green = results.filter(Boolean).length
if (times > 1) say(`${green} of ${times} runs passed`)
process.exit(green === times ? 0 : 1)

/** One control plane, from its start to its end. Its folder is kept when something failed. */
async function once(): Promise<0 | 1 | 2> {
  const root = mkdtempSync(join(tmpdir(), 'usher-openstack-'))
  let plane: ControlPlane
  try {
    plane = await ControlPlane.start({ root, hosts: HOSTS, say })
  } catch (error) {
    say(`The OpenStack suite can not run here: the control plane did not start, its logs are in ${root}/logs`)
    say((error as Error).message)
    return 2
  }
  const server = await serveOrders(plane, socketIn(root))
  let code: 0 | 1 = 1
  try {
    if (onlyUp) {
      say(`ready: --on ${root}`)
      await new Promise(resolve => {
        process.once('SIGINT', resolve)
        process.once('SIGTERM', resolve)
      })
      code = 0
    } else code = (await suite(socketIn(root), plane)) === 0 ? 0 : 1
  } finally {
    server.close()
    server.closeAllConnections()
    await plane.stop()
  }
  if (code === 0) rmSync(root, { recursive: true, force: true })
  else say(`logs are in ${root}/logs`)
  return code
}

/** The suite, as a process group of its own, of which nothing is left at the end: neither workers nor an Usher that a test started. */
async function suite(socket: string, plane?: ControlPlane): Promise<number> {
  const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url))
  const child = spawn('npx', ['vitest', 'run', '--config', config, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, USHER_OPENSTACK: socket },
    detached: true,
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('exit', code => resolve(code ?? 1))
    child.once('error', reject)
  })
  const group = child.pid
  if (group === undefined) return ended
  // A group of its own hears of no Ctrl-C.
  const end = () => void endGroup(group, 'SIGKILL').then(() => process.exit(1))
  if (plane) plane.mind(group)
  else for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  const code = await ended
  await endGroup(group, 'SIGKILL')
  plane?.forget(group)
  return code
}

/** Whoever asked for this is gone: nobody looks at the result, and nothing should be left. */
function endWithParent(): void {
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 500).unref()
}
