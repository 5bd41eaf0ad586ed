import type { MigrationParameters, VmMemory } from './network-types.ts'

/** Used where a cloud gives nothing of its own: TCP over Ethernet, libvirt, hosts not overloaded. */
export const DEFAULT_PARAMETERS: MigrationParameters = {
  efficiency: 0.87,
  overheadSeconds: 2,
  duplexLoss: 0,
  dirtyScale: 1,
  pauseSeconds: 0.5,
  spread: 0.1,
}

/** A host's own link, in Mb/s, where the network does not say. */
export const DEFAULT_MBPS = 10_000

/** Rounds after which a migration that does not converge is taken to be forced to its end (auto-converge, post-copy). */
const ROUNDS = 30
const BYTES_PER_MIB = 1024 * 1024

/** MiB that a link of so many Mb/s carries in a second. */
export const mibPerSecond = (mbps: number): number => (mbps * 1e6) / 8 / BYTES_PER_MIB

export interface Transfer {
  readonly seconds: number
  /** MiB sent, pages that were sent again included. */
  readonly volume: number
  /** The VM writes faster than the link carries: the end must be forced. */
  readonly converges: boolean
}

/**
 * A live migration at a constant rate (MiB/s), by pre-copy: the disk, then all memory, then round after round what was written
 * during the round before, until the rest fits into the allowed pause. In a round of t seconds the VM writes its hot pages once in
 * full, or the share t / hotSeconds of them if the round is shorter, and t × coldRate of the others.
 */
export function transfer(memory: VmMemory, rate: number, parameters: MigrationParameters): Transfer {
  const { used, hot = 0, hotSeconds = 0, coldRate = 0, disk = 0 } = memory
  const { overheadSeconds, dirtyScale, pauseSeconds } = parameters
  let volume = disk
  let rest = used
  let rounds = 0
  while (rest > rate * pauseSeconds && rounds < ROUNDS) {
    volume += rest
    const seconds = rest / rate
    const share = hotSeconds > 0 ? Math.min(1, seconds / hotSeconds) : 1
    rest = Math.min(used, dirtyScale * (hot * share + coldRate * seconds))
    rounds++
  }
  volume += rest
  return { seconds: overheadSeconds + volume / rate, volume, converges: rounds < ROUNDS }
}
