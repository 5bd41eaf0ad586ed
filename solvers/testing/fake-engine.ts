import type { Engine, Level } from '../level.ts'

/**
 * Engines that misbehave, one for each query of this module's URL: `?crash`, `?exit`, `?hang`, `?hang-after-incumbent`, `?fraction`, `?row`,
 * `?infeasible`, `?memory`.
 */
const behaviour = new URL(import.meta.url).search.slice(1)

export const engine: Engine = {
  solve(level, _limits, progress) {
    const upper = Float64Array.from(level.columnUpper)
    const bound = Number.NEGATIVE_INFINITY
    switch (behaviour) {
      case 'crash':
        throw new Error('table index is out of bounds')
      case 'exit':
        return process.exit(3)
      case 'hang':
        return forever()
      case 'hang-after-incumbent':
        progress.bound(1)
        progress.incumbent(upper)
        return forever()
      case 'fraction':
        return { status: 'optimal', values: upper.map(v => v / 2), bound }
      case 'row':
        return { status: 'optimal', values: Float64Array.from(level.columnLower), bound }
      case 'infeasible':
        return { status: 'infeasible', bound }
      case 'memory':
        return { status: 'optimal', values: fill(level), bound }
      default:
        return { status: 'optimal', values: upper, bound }
    }
  },
}

function forever(): never {
  for (;;);
}

/** Take memory until there is none left. */
function fill(level: Level): Float64Array {
  const kept: number[][] = []
  for (;;) kept.push(Array.from({ length: 1_000_000 }, () => level.columnCount + kept.length + 0.5))
}
