import { fail } from '../diagnostic/index.ts'
import { DEFAULT_PARAMETERS, mibPerSecond, transfer } from './duration.ts'
import type { MigrationParameters, VmMemory } from './network-types.ts'

/** A live migration that was seen. */
export interface MigrationObservation {
  readonly memory: VmMemory
  /** The nominal bandwidth it had. */
  readonly mbps: number
  readonly seconds: number
  /** Share of its time in which its target host sent another migration (0 to 1). */
  readonly targetSends?: number
}

/** What is fitted, with its range. The pause is a setting of the cloud, not something to be guessed from durations. */
const RANGES = {
  efficiency: [0.05, 1],
  overheadSeconds: [0, 60],
  duplexLoss: [0, 0.6],
  dirtyScale: [0, 3],
} as const satisfies Partial<Record<keyof MigrationParameters, readonly [number, number]>>

type Fitted = keyof typeof RANGES
const NAMES = Object.keys(RANGES) as Fitted[]

/** Relative error from which an observation counts linearly: stragglers shall pull, not rule. */
const OUTLIER = 0.15
/** Relative error from which a migration is taken to have met with an accident. */
const STRAY = 0.5
/** A parameter moves from its default only if that explains something: cost of the whole way across its range. */
const INERTIA = 1e-4

/**
 * The parameters of a cloud from migrations seen there: the least Huber loss of relative errors, found by pattern search (Hooke and
 * Jeeves, 1961). What the observations say nothing of stays as it is in `base`.
 *
 * @throws DiagnosticError `plan/bad-observation`
 */
export function calibrate(
  observations: readonly MigrationObservation[],
  base: Partial<MigrationParameters> = {},
): MigrationParameters {
  observations.forEach(check)
  const initial = { ...DEFAULT_PARAMETERS, ...base }
  if (observations.length === 0) return initial
  const width = (name: Fitted) => RANGES[name][1] - RANGES[name][0]
  const loss = (p: MigrationParameters) =>
    observations.reduce((sum, o) => sum + huber(expectedSeconds(o, p) / o.seconds - 1), 0) / observations.length +
    INERTIA * NAMES.reduce((sum, name) => sum + Math.abs(p[name] - initial[name]) / width(name), 0)
  let best = initial
  let least = loss(best)
  for (let size = 0.25; size > 1e-4; ) {
    let moved = false
    for (const name of NAMES)
      for (const sign of [1, -1]) {
        const [low, high] = RANGES[name]
        const next = { ...best, [name]: Math.min(high, Math.max(low, best[name] + sign * size * width(name))) }
        const value = loss(next)
        if (value >= least) continue
        best = next
        least = value
        moved = true
      }
    if (!moved) size /= 2
  }
  return { ...best, spread: spreadOf(observations, best) }
}

/** Standard deviation of measured / expected; errors beyond `STRAY` count as much as those at it. */
function spreadOf(observations: readonly MigrationObservation[], p: MigrationParameters): number {
  const errors = observations.map(o => o.seconds / expectedSeconds(o, p) - 1)
  return Math.sqrt(errors.reduce((sum, e) => sum + Math.min(Math.abs(e), STRAY) ** 2, 0) / errors.length)
}

/** What the parameters say of an observed migration. */
export function expectedSeconds(
  { memory, mbps, targetSends = 0 }: MigrationObservation,
  p: MigrationParameters,
): number {
  return transfer(memory, mibPerSecond(mbps) * p.efficiency * (1 - p.duplexLoss * targetSends), p).seconds
}

function huber(error: number): number {
  const size = Math.abs(error)
  return size <= OUTLIER ? (size * size) / 2 : OUTLIER * (size - OUTLIER / 2)
}

function check(o: MigrationObservation, at: number): void {
  const sound = (x: number) => Number.isFinite(x) && x > 0
  if (sound(o.seconds) && sound(o.mbps) && sound(o.memory.used)) return
  fail('plan/bad-observation', `observation ${at + 1} has a duration, bandwidth or memory that is not positive`, {
    help: 'leave out migrations that failed or were not measured',
  })
}
