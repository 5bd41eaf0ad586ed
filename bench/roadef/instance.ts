import { readFileSync } from 'node:fs'
import type { Row, Snapshot, TableData } from '../../src/tables/index.ts'

/** A machine reassignment instance as the challenge's files state it; everything by number, from 0. */
export interface Instance {
  readonly resources: readonly { readonly transient: boolean; readonly weight: number }[]
  readonly machines: readonly Machine[]
  readonly services: readonly { readonly spread: number; readonly dependsOn: readonly number[] }[]
  readonly processes: readonly Process[]
  readonly balances: readonly Balance[]
  readonly weights: { readonly process: number; readonly service: number; readonly machine: number }
  /** Machine of each process. */
  readonly initial: readonly number[]
}

interface Machine {
  readonly neighbourhood: number
  readonly location: number
  readonly capacity: readonly number[]
  readonly safety: readonly number[]
  readonly moveCostTo: readonly number[]
}

interface Process {
  readonly service: number
  readonly requires: readonly number[]
  readonly moveCost: number
}

interface Balance {
  readonly first: number
  readonly second: number
  readonly target: number
  readonly weight: number
}

/** @throws Error naming the file when a number is missing or left over */
export function readInstance(modelFile: string, assignmentFile: string): Instance {
  const next = numbersOf(modelFile)
  const list = <T>(n: number, read: () => T): T[] => Array.from({ length: n }, read)
  const resources = list(next(), () => ({ transient: next() === 1, weight: next() }))
  const count = next()
  const machines = list(count, () => ({
    neighbourhood: next(),
    location: next(),
    capacity: resources.map(next),
    safety: resources.map(next),
    moveCostTo: list(count, next),
  }))
  const services = list(next(), () => {
    const spread = next()
    return { spread, dependsOn: list(next(), next) }
  })
  const processes = list(next(), () => ({ service: next(), requires: resources.map(next), moveCost: next() }))
  const balances = list(next(), () => ({ first: next(), second: next(), target: next(), weight: next() }))
  const weights = { process: next(), service: next(), machine: next() }
  next.end()
  const machineOf = numbersOf(assignmentFile)
  const initial = processes.map(() => machineOf())
  machineOf.end()
  return { resources, machines, services, processes, balances, weights, initial }
}

function numbersOf(file: string): (() => number) & { end(): void } {
  const words = readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
  let at = 0
  const next = (): number => {
    const value = Number(words[at++] ?? Number.NaN)
    if (!Number.isInteger(value)) throw new Error(`${file}: word ${at} is ${words[at - 1] ?? 'missing'}, not a number`)
    return value
  }
  const end = (): void => {
    if (at !== words.length) throw new Error(`${file}: ${words.length - at} words too many`)
  }
  return Object.assign(next, { end })
}

export const processName = (p: number): string => `p${p}`
export const machineName = (m: number): string => `m${m}`

/** The instance as the tables that `policies/roadef2012.dl` reads. */
export function tablesOf(instance: Instance): Snapshot {
  const { resources, machines, services, processes, balances, weights, initial } = instance
  const provenance = { source: 'roadef2012', readAt: '2012-01-01T00:00:00Z' }
  const table = (name: string, columns: string[], rows: Row[]): [string, TableData] => [
    name,
    { schema: { table: name, columns: columns.map(c => ({ name: c })) }, rows, provenance },
  ]
  const resource = (r: number): string => `r${r}`
  const service = (s: number): string => `s${s}`
  return new Map([
    table(
      'nova:location',
      ['vm', 'host'],
      initial.map((m, p) => [processName(p), machineName(m)]),
    ),
    table(
      'resource',
      ['resource', 'load_weight'],
      resources.map((r, i) => [resource(i), r.weight]),
    ),
    table(
      'transient',
      ['resource'],
      resources.flatMap((r, i): Row[] => (r.transient ? [[resource(i)]] : [])),
    ),
    table(
      'machine',
      ['machine', 'neighbourhood', 'location'],
      machines.map((m, i) => [machineName(i), `n${m.neighbourhood}`, `l${m.location}`]),
    ),
    table(
      'capacity',
      ['machine', 'resource', 'capacity', 'safety'],
      machines.flatMap((m, i) => m.capacity.map((c, r): Row => [machineName(i), resource(r), c, m.safety[r]!])),
    ),
    table(
      'machine_move_cost',
      ['from', 'to', 'cost'],
      machines.flatMap((m, i) => m.moveCostTo.map((c, to): Row => [machineName(i), machineName(to), c])),
    ),
    table(
      'service',
      ['service', 'spread'],
      services.map((s, i) => [service(i), s.spread]),
    ),
    table(
      'depends',
      ['service', 'on'],
      services.flatMap((s, i) => s.dependsOn.map((on): Row => [service(i), service(on)])),
    ),
    table(
      'process',
      ['process', 'service', 'move_cost'],
      processes.map((p, i) => [processName(i), service(p.service), p.moveCost]),
    ),
    table(
      'requirement',
      ['process', 'resource', 'amount'],
      processes.flatMap((p, i) => p.requires.map((q, r): Row => [processName(i), resource(r), q])),
    ),
    table(
      'balance',
      ['balance', 'first', 'second', 'target', 'weight'],
      balances.map((b, i) => [`b${i}`, resource(b.first), resource(b.second), b.target, b.weight]),
    ),
    table('weights', ['process', 'service', 'machine'], [[weights.process, weights.service, weights.machine]]),
  ])
}
