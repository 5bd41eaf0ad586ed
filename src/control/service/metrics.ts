import type { MeasureListener } from './cycle/measures.ts'
import type { Parts } from './parts.ts'
import type { Reading } from './types.ts'

/** Sums over which a duration's histogram is kept, in seconds. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800] as const

/** Names, kinds and meanings of all figures that the service gives; docs/reference/metrics.md and the dashboard go by them. */
const FIGURES = {
  usher_table_rows: ['gauge', 'Rows of a table of a data source.'],
  usher_delta_rows_total: ['counter', 'Rows that changes of data sources had.'],
  usher_delta_seconds: ['histogram', 'Time to bring all derived tables up to date after a change.'],
  usher_violations: ['gauge', 'Violations that hold now, by table; excepted ones apart.'],
  usher_cost: ['gauge', 'What the active policies cost, by priority.'],
  usher_policies: ['gauge', 'Active policies, by mode.'],
  usher_policies_stopped: ['gauge', 'Active policies that are not evaluated.'],
  usher_recorder_queue: ['gauge', 'Changes of violations that are not in the database yet.'],
  usher_leases: ['gauge', 'Placement domains whose cycles this replica runs.'],
  usher_cycle_stage_seconds: ['histogram', 'Time that cycles spent in a stage.'],
  usher_cycle_decisions_total: ['counter', 'Ends of a cycle at a mode, by whether a plan was made.'],
  usher_placement_seconds: ['histogram', 'Time to place and plan, by what was proven.'],
  usher_planning_queue: ['gauge', 'Placements, plans and previews that wait or are computed.'],
  usher_plan_seconds: ['histogram', 'Time to carry out a plan, by result.'],
  usher_plans: ['gauge', 'Plans that wait for approval or run.'],
  usher_plan_wait_seconds: ['gauge', 'Age of the oldest plan that waits for approval.'],
  usher_moves_total: ['counter', 'Tries of moves and other actions, by how they ended.'],
  usher_tasks: ['gauge', 'Tasks of workflows that are ready or run.'],
  usher_task_wait_seconds: ['gauge', 'Age of the oldest task that is ready and was not begun.'],
} as const satisfies Readonly<Record<string, readonly [Reading['kind'] | 'histogram', string]>>

export type Figure = keyof typeof FIGURES
type Sample = Reading['samples'][number]
type Labels = NonNullable<Sample['labels']>

/** Every metric of the service by name, for those who write dashboards and alerts. */
export const figureNames: readonly string[] = Object.keys(FIGURES)

/** Counts and times what happens in this process; the rest is asked for when it is read. */
export class Metrics implements MeasureListener {
  readonly #counters = new Map<Figure, Map<string, { readonly labels: Labels; value: number }>>()
  readonly #histograms = new Map<Figure, Map<string, Histogram>>()
  readonly #gauges: (() => readonly (readonly [Figure, readonly Sample[]])[])[] = []
  #database: readonly (readonly [Figure, readonly Sample[]])[] = []

  /** Ask for values whenever they are read. */
  gauge(read: () => readonly (readonly [Figure, readonly Sample[]])[]): void {
    this.#gauges.push(read)
  }

  count(figure: Figure, labels: Labels = {}, by = 1): void {
    const all = this.#counters.get(figure) ?? new Map<string, { labels: Labels; value: number }>()
    this.#counters.set(figure, all)
    const key = JSON.stringify(labels)
    const one = all.get(key) ?? { labels, value: 0 }
    all.set(key, { labels, value: one.value + by })
  }

  observe(figure: Figure, seconds: number, labels: Labels = {}): void {
    const all = this.#histograms.get(figure) ?? new Map<string, Histogram>()
    this.#histograms.set(figure, all)
    const key = JSON.stringify(labels)
    let one = all.get(key)
    if (!one) all.set(key, (one = { labels, buckets: BUCKETS.map(() => 0), sum: 0, count: 0 }))
    one.sum += seconds
    one.count++
    BUCKETS.forEach((limit, i) => {
      if (seconds <= limit) one.buckets[i]!++
    })
  }

  decided(mode: string, result: 'plan' | 'none'): void {
    this.count('usher_cycle_decisions_total', { mode, result })
  }

  placed(proof: string, seconds: number): void {
    this.observe('usher_placement_seconds', seconds, { proof })
  }

  ran(result: 'done' | 'failed', seconds: number): void {
    this.observe('usher_plan_seconds', seconds, { result })
  }

  left(stage: string, seconds: number): void {
    this.observe('usher_cycle_stage_seconds', seconds, { stage })
  }

  /** Look at the database for what only it knows; what was read stays until the next look. */
  async lookAtDatabase({ store, clock }: Pick<Parts, 'store' | 'clock'>): Promise<void> {
    const { db } = store
    const now = clock.now()
    const seconds = (at: number | null | undefined) => (at ? Math.max(0, (now - Number(at)) / 1000) : 0)
    const plans = await db
      .selectFrom('plans')
      .select(eb => ['state', eb.fn.countAll<number>().as('n'), eb.fn.min('created_at').as('oldest')])
      .where('state', 'in', ['waiting', 'approved', 'running'])
      .groupBy('state')
      .execute()
    const tasks = await db
      .selectFrom('tasks')
      .select(eb => ['state', eb.fn.countAll<number>().as('n'), eb.fn.min('turn').as('oldest')])
      .where('state', 'in', ['ready', 'running'])
      .groupBy('state')
      .execute()
    const waiting = plans.find(({ state }) => state === 'waiting')
    const ready = tasks.find(({ state }) => state === 'ready')
    const by = (state: string, value: unknown): Sample => ({ labels: { state }, value: Number(value) })
    this.#database = [
      ['usher_plans', plans.map(({ state, n }) => by(state, n))],
      ['usher_plan_wait_seconds', [{ value: seconds(waiting?.oldest) }]],
      ['usher_tasks', tasks.map(({ state, n }) => by(state, n))],
      ['usher_task_wait_seconds', [{ value: seconds(ready?.oldest) }]],
    ]
  }

  readings(): readonly Reading[] {
    const samples = new Map<Figure, readonly Sample[]>()
    for (const [figure, all] of this.#counters) samples.set(figure, [...all.values()])
    for (const [figure, list] of [...this.#gauges.flatMap(read => read()), ...this.#database]) samples.set(figure, list)
    const plain = [...samples].map(([name, list]): Reading => ({ name, ...describe(name), samples: list }))
    return [...plain, ...[...this.#histograms].flatMap(([name, all]) => histogramReadings(name, [...all.values()]))]
  }
}

interface Histogram {
  readonly labels: Labels
  readonly buckets: number[]
  sum: number
  count: number
}

function describe(name: Figure): Pick<Reading, 'kind' | 'help'> {
  const [kind, help] = FIGURES[name]
  // A histogram is given by its parts, each of which only grows.
  return { kind: kind === 'gauge' ? 'gauge' : 'counter', help }
}

/** A histogram as Prometheus writes it: running counts up to each limit, the sum, the number. */
function histogramReadings(name: Figure, all: readonly Histogram[]): Reading[] {
  const { help } = describe(name)
  const part = (suffix: string, samples: readonly Sample[]): Reading => ({
    name: `${name}${suffix}`,
    help,
    kind: 'counter',
    samples,
  })
  return [
    part(
      '_bucket',
      all.flatMap(({ labels, buckets, count }) => [
        ...buckets.map((value, i) => ({ labels: { ...labels, le: String(BUCKETS[i]) }, value })),
        { labels: { ...labels, le: '+Inf' }, value: count },
      ]),
    ),
    part(
      '_sum',
      all.map(({ labels, sum }) => ({ labels, value: sum })),
    ),
    part(
      '_count',
      all.map(({ labels, count }) => ({ labels, value: count })),
    ),
  ]
}
