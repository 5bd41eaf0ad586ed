import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MigrationObservation, PlanInput, VmMemory } from '../../src/plan/index.ts'

export const FIXTURE = join(import.meta.dirname, '../../fixtures/kherbache')
/** Link of every host of the test bed, Mb/s. */
export const HOST_MBPS = 1000

export interface PlannedMigration {
  readonly vm: number
  readonly from: number
  readonly to: number
  readonly mbps: number
  /** Seconds from the start of the plan, as its authors expected them. */
  readonly start: number
  readonly end: number
}

export interface Experiment {
  readonly plan: number
  readonly set: number
  readonly memory: (vm: number) => VmMemory
  readonly planned: readonly PlannedMigration[]
  /** What happened: the same migrations with measured seconds. */
  readonly real: readonly PlannedMigration[]
  readonly input: Pick<PlanInput, 'placement' | 'candidates' | 'moves' | 'capacities' | 'costOf'>
}

interface InputFile {
  readonly origin: {
    readonly mapping: { readonly onlineNodes: Record<string, { readonly runningVMs: number[] }> }
    readonly attributes: {
      readonly vms: Record<
        string,
        { memUsed: number; maxDirtySize: number; maxDirtyDuration: number; dirtyRate: number }
      >
    }
    readonly views: {
      readonly rcId: string
      readonly nodes: Record<string, number>
      readonly vms: Record<string, number>
    }[]
  }
  readonly actions: { vm: number; from: number; to: number; bw: number; start: number; end: number }[]
}

/** Every execution in a folder of the data set, by set and plan. */
export function readExperiments(folder = FIXTURE): Experiment[] {
  const plans = readdirSync(join(folder, 'input'))
    .map(name => Number(/\d+/.exec(name)![0]))
    .sort((a, b) => a - b)
  return readdirSync(join(folder, 'real')).flatMap(set =>
    plans.map(plan => {
      const text = readFileSync(join(folder, `input/random.${plan}.json`), 'utf8')
      const csv = readFileSync(join(folder, `real/${set}/micro_random.${plan}.csv`), 'utf8')
      return experiment(plan, Number(set), JSON.parse(text) as InputFile, csv)
    }),
  )
}

function experiment(plan: number, set: number, { origin, actions }: InputFile, csv: string): Experiment {
  const memory = (vm: number): VmMemory => {
    const { memUsed, maxDirtySize, maxDirtyDuration, dirtyRate } = origin.attributes.vms[vm]!
    return { used: memUsed, hot: maxDirtySize, hotSeconds: maxDirtyDuration, coldRate: dirtyRate }
  }
  const rows = [...csv.matchAll(/vm#(\d+), from=node#(\d+), to=node#(\d+), bw=(\d+)\)};(\d+);(\d+);/g)].map(row => {
    const [vm, from, to, mbps, start, end] = row.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    return { vm, from, to, mbps, start, end }
  })
  const zero = Math.min(...rows.map(r => r.start))
  const nodes = Object.entries(origin.mapping.onlineNodes)
  return {
    plan,
    set,
    memory,
    planned: actions.map(({ vm, from, to, bw, start, end }) => ({ vm, from, to, mbps: bw, start, end })),
    real: rows.map(r => ({ ...r, start: r.start - zero, end: r.end - zero })),
    input: {
      placement: new Map(nodes.flatMap(([node, { runningVMs }]) => runningVMs.map(vm => [vm, Number(node)] as const))),
      candidates: () => nodes.map(([node]) => Number(node)),
      moves: actions.map(({ vm, from, to }) => ({ vm, from, to, cost: memory(vm).used / 1024, because: [] })),
      capacities: origin.views.map(view => ({
        rule: view.rcId,
        load: vm => view.vms[`${vm}`]!,
        base: () => 0,
        limit: host => view.nodes[`${host}`],
        strict: false,
      })),
      costOf: vm => memory(Number(vm)).used / 1024,
    },
  }
}

/** The migrations of an execution as observations to calibrate with. */
export function observationsOf({ real, memory }: Experiment): MigrationObservation[] {
  return real.map(m => {
    const overlap = real.reduce(
      (sum, o) => sum + (o.from === m.to ? Math.max(0, Math.min(m.end, o.end) - Math.max(m.start, o.start)) : 0),
      0,
    )
    const seconds = m.end - m.start
    return { memory: memory(m.vm), mbps: m.mbps, seconds, targetSends: Math.min(1, overlap / seconds) }
  })
}
