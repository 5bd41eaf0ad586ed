import type { PlanReport } from '../../control/index.ts'

type PlanTimes = Pick<PlanReport, 'moves' | 'copies' | 'criticalPath'>

/** A step of a plan as a bar over time. */
export interface Bar {
  readonly id: string
  /** A move, a move to a stop on the way, or the copy of an image. */
  readonly kind: 'move' | 'stop' | 'copy'
  /** The VM or the image. */
  readonly what: string
  readonly from: string
  readonly to: string
  /** Seconds from the start of the plan. */
  readonly start: number
  readonly end: number
  /** On the critical path. */
  readonly critical: boolean
}

/** Moves and copies by their start. */
export function barsOf({ moves, copies, criticalPath }: PlanTimes): Bar[] {
  const critical = new Set(criticalPath)
  const bar = (
    step: PlanTimes['copies'][number] | PlanTimes['moves'][number],
    kind: Bar['kind'],
    what: unknown,
  ): Bar => ({
    id: step.id,
    kind,
    what: String(what),
    from: String(step.from),
    to: String(step.to),
    start: step.start,
    end: step.end,
    critical: critical.has(step.id),
  })
  return [
    ...copies.map(copy => bar(copy, 'copy', copy.image)),
    ...moves.map(move => bar(move, move.parking ? 'stop' : 'move', move.vm)),
  ].sort((a, b) => a.start - b.start || a.end - b.end)
}
