import { hostname } from 'node:os'
import { v4 } from 'uuid'

/*
 * A runner's name tells where to look whether it still lives: machine, process, and one word for the runner itself. So what a
 * killed process held on this machine is taken over at once, and only what another machine holds waits for the end of its lease.
 */

/** Runners of this process that have not stopped. */
const living = new Set<string>()

/** A new name, and the way to say that its bearer has stopped. */
export function nameWorker(): { readonly name: string; retire(): void } {
  const name = `${hostname()}/${process.pid}/${v4()}`
  living.add(name)
  return { name, retire: () => void living.delete(name) }
}

/** Certain that this runner is gone. False when in doubt. */
export function isGone(name: string): boolean {
  const [host, pid] = name.split('/')
  if (host !== hostname() || !pid) return false
  if (Number(pid) === process.pid) return !living.has(name)
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
