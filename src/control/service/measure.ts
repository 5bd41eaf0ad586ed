import type { CloudActions } from './cycle/cloud-actions.ts'
import type { ControlLoop } from './cycle/control-loop.ts'
import type { Surroundings } from './cycle/gather.ts'
import type { Measures } from './cycle/measures.ts'
import { Metrics } from './metrics.ts'
import { forLog, type Parts } from './parts.ts'
import type { ViolationRecorder } from './record/violation-recorder.ts'
import type { WorldRecorder } from './record/world-recorder.ts'
import type { JobThread } from './thread/pool.ts'
import type { Reading } from './types.ts'

/** Milliseconds between looks at what only the database knows. */
const LOOK_MS = 10_000

interface Measured extends Surroundings {
  readonly measures: Measures
  readonly thread: JobThread
  readonly recorder: ViolationRecorder
  readonly worldRecorder: WorldRecorder
  readonly actions: CloudActions
  readonly loop: ControlLoop
}

/** Connect every part with the figures it gives. */
export function measure(parts: Parts, of: Measured): { readings(): readonly Reading[]; stop(): void } {
  const metrics = new Metrics()
  const { world, book, policies, exceptions, measures, thread, recorder, worldRecorder, actions, loop } = of
  measures.listen(metrics)
  const stopBatches = world.onBatch((rows, ms) => {
    metrics.count('usher_delta_rows_total', {}, rows)
    metrics.observe('usher_delta_seconds', ms / 1000)
  })
  metrics.gauge(() => {
    const modes = new Map<string, number>()
    for (const { mode, active } of policies.records) if (active) modes.set(mode, (modes.get(mode) ?? 0) + 1)
    const stopped = policies.records.filter(({ name, active }) => active && policies.stoppedBy(name)).length
    return [
      ['usher_policies', [...modes].map(([mode, value]) => ({ labels: { mode }, value }))],
      ['usher_policies_stopped', [{ value: stopped }]],
      ['usher_recorder_queue', [{ value: recorder.waiting }]],
      ['usher_planning_queue', [{ value: thread.load }]],
      ['usher_leases', [{ value: loop.held.length }]],
      ['usher_cost', [...worldRecorder.costs].map(([p, value]) => ({ labels: { priority: String(p) }, value }))],
      ['usher_moves_total', Object.entries(actions.ended).map(([result, value]) => ({ labels: { result }, value }))],
    ]
  })
  metrics.gauge(() => {
    const counts = new Map<string, { labels: Record<string, string>; value: number }>()
    for (const { policy, table, role, row } of book.all.values()) {
      const excepted = String(exceptions.covering(table, row) !== undefined)
      const key = `${table}/${excepted}`
      const known = counts.get(key) ?? { labels: { policy, table, role, excepted }, value: 0 }
      known.value++
      counts.set(key, known)
    }
    const tables = world.sources.flatMap(({ name: source, tables }) =>
      tables.map(({ table }) => ({ labels: { source, table }, value: world.evaluator.view.count(table) })),
    )
    return [
      ['usher_violations', [...counts.values()]],
      ['usher_table_rows', tables],
    ]
  })
  let stopped = false
  let cancel = () => {}
  const look = async () => {
    await metrics
      .lookAtDatabase(parts)
      .catch(error => parts.log.debug(forLog(error), 'the database can not be measured now'))
    if (!stopped) cancel = parts.clock.after(LOOK_MS, () => void look())
  }
  void look()
  return {
    readings: () => metrics.readings(),
    stop() {
      stopped = true
      cancel()
      stopBatches()
    },
  }
}
