import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row, Snapshot, TableData } from '../../src/tables/index.ts'

/** The contest's data as its four files state it. */
export interface Contest {
  readonly machines: readonly Machine[]
  readonly apps: ReadonlyMap<string, App>
  readonly instances: readonly { readonly id: string; readonly app: string; readonly machine: string | undefined }[]
  /** Where `app` is, at most `most` of `other`; of itself, one more. */
  readonly interference: readonly { readonly app: string; readonly other: string; readonly most: number }[]
}

interface Machine {
  readonly id: string
  readonly cpu: number
  readonly memory: number
  readonly disk: number
  readonly kinds: Kinds
}

interface App {
  readonly cpu: readonly number[]
  readonly memory: readonly number[]
  readonly disk: number
  readonly kinds: Kinds
}

/** Numbers of kind P, M and PM. */
type Kinds = readonly [number, number, number]

export const KINDS = ['P', 'M', 'PM'] as const
export const WAITING = 'waiting'

/**
 * @param folder with files whose names hold `machine_resources`, `app_resources`, `instance_deploy` and `app_interference`
 * @throws Error naming what is missing
 */
export function readContest(folder: string): Contest {
  const linesOf = (part: string): string[][] => {
    const file = readdirSync(folder).find(name => name.includes(part))
    if (file === undefined) throw new Error(`${folder} has no file with \`${part}\` in its name`)
    const text = readFileSync(join(folder, file), 'utf8')
    return text.split('\n').flatMap(line => (line.trim() === '' ? [] : [line.trim().split(',')]))
  }
  const curve = (text: string): number[] => text.split('|').map(Number)
  const kinds = (at: readonly string[]): Kinds => [Number(at[0]), Number(at[1]), Number(at[2])]
  return {
    machines: linesOf('machine_resources').map(([id, cpu, memory, disk, ...rest]) => ({
      id: id!,
      cpu: Number(cpu),
      memory: Number(memory),
      disk: Number(disk),
      kinds: kinds(rest),
    })),
    apps: new Map(
      linesOf('app_resources').map(([id, cpu, memory, disk, ...rest]) => [
        id!,
        { cpu: curve(cpu!), memory: curve(memory!), disk: Number(disk), kinds: kinds(rest) },
      ]),
    ),
    instances: linesOf('instance_deploy').map(([id, app, machine]) => ({
      id: id!,
      app: app!,
      machine: machine || undefined,
    })),
    interference: linesOf('app_interference').map(([app, other, most]) => ({
      app: app!,
      other: other!,
      most: Number(most),
    })),
  }
}

/** The contest as the tables that `policies/alibaba2018.dl` reads; apps without an instance are left out. */
export function tablesOf({ machines, apps, instances, interference }: Contest): Snapshot {
  const provenance = { source: 'alibaba2018', readAt: '2018-07-26T00:00:00Z' }
  const table = (name: string, columns: string[], rows: Row[]): [string, TableData] => [
    name,
    { schema: { table: name, columns: columns.map(c => ({ name: c })) }, rows, provenance },
  ]
  const used = new Set(instances.map(i => i.app))
  const present = [...apps].filter(([id]) => used.has(id))
  const moments = Math.max(0, ...present.map(([, app]) => app.cpu.length))
  const service = (host: string, status: string): Row => [host, 'nova-compute', status, 'up']
  return new Map([
    table(
      'nova:location',
      ['vm', 'host'],
      instances.map(i => [i.id, i.machine ?? WAITING]),
    ),
    // Nothing is sent to a disabled host.
    table(
      'nova:services',
      ['host', 'binary', 'status', 'state'],
      [...machines.map(m => service(m.id, 'enabled')), service(WAITING, 'disabled')],
    ),
    table('waiting', ['host'], [[WAITING]]),
    table(
      'machine',
      ['machine', 'cpu', 'memory', 'disk'],
      machines.map(m => [m.id, m.cpu, m.memory, m.disk]),
    ),
    table(
      'kind_limit',
      ['machine', 'kind', 'most'],
      machines.flatMap(m => KINDS.map((kind, i): Row => [m.id, kind, m.kinds[i]!])),
    ),
    table(
      'moment',
      ['moment'],
      Array.from({ length: moments }, (_, t): Row => [t]),
    ),
    table(
      'app',
      ['app'],
      present.map(([id]) => [id]),
    ),
    table(
      'curve',
      ['app', 'moment', 'cpu', 'memory'],
      present.flatMap(([id, app]) => app.cpu.map((cpu, t): Row => [id, t, cpu, app.memory[t]!])),
    ),
    table(
      'disk',
      ['app', 'disk'],
      present.map(([id, app]) => [id, app.disk]),
    ),
    table(
      'kind',
      ['app', 'kind', 'number'],
      present.flatMap(([id, app]) =>
        KINDS.flatMap((kind, i): Row[] => (app.kinds[i]! > 0 ? [[id, kind, app.kinds[i]!]] : [])),
      ),
    ),
    table(
      'instance',
      ['instance', 'app'],
      instances.map(i => [i.id, i.app]),
    ),
    table(
      'interference',
      ['app', 'other', 'most'],
      interference.filter(i => used.has(i.app) && used.has(i.other)).map(i => [i.app, i.other, i.most]),
    ),
  ])
}
