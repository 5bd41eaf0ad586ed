import type { Snapshot, Value } from '../../tables/index.ts'
import type { Context } from '../context.ts'
import { figure } from '../words.ts'

/** Width of a server's bar in characters, and so of one of its eight CPUs. */
const WIDTH = 40
const NAME_WIDTH = 9
const SHOWN = ['server-a', 'server-b'] as const

/** A VM on its way: drawn at both ends, for it takes room at both. */
export interface Moving {
  readonly vm: Value
  readonly to: Value
}

/**
 * server-a and server-b as bars of VMs with their utilization, the other servers as one line. A large.2 takes 5 characters, a large.3
 * takes 10; dots are room.
 */
export function picture(tables: Snapshot, context: Context, moving: readonly Moving[] = []): string[] {
  const { paint } = context
  const loads = new Map(tables.get('vm_cpu')?.rows.map(([vm = null, load = null]) => [vm, Number(load)]))
  const capacities = new Map(tables.get('host_cpu')?.rows.map(([host = null, cpu = null]) => [host, Number(cpu)]))
  const location = tables.get('nova:location')?.rows ?? []
  const measured = new Map(
    tables.get('ceilometer:average_utilization')?.rows.map(([host = null, , value = null]) => [host, Number(value)]),
  )
  const bar = (host: Value): string => {
    const perLoad = WIDTH / (capacities.get(host) ?? 1)
    const width = (vm: Value) => Math.round((loads.get(vm) ?? 0) * perLoad)
    const staying = location.filter(row => row[1] === host).map(([vm = null]) => vm)
    const arriving = moving.filter(move => move.to === host).map(move => move.vm)
    const cells = [
      ...staying.map(vm => {
        const leaves = moving.some(move => move.vm === vm)
        return (leaves ? paint.yellow : isGroup(vm) ? paint.magenta : paint.cyan)(cell(label(vm), width(vm)))
      }),
      ...arriving.map(vm => paint.yellow(cell(`→${label(vm)}`, width(vm)))),
    ]
    const used = [...staying, ...arriving].reduce<number>((sum, vm) => sum + width(vm), 0)
    return cells.join('') + paint.dim('·'.repeat(Math.max(0, WIDTH - used)))
  }
  const percent = (host: Value) => `${figure(measured.get(host) ?? 0, 1)} %`.padStart(7)
  const others = [...capacities.keys()].filter(host => !(SHOWN as readonly Value[]).includes(host))
  const full = others.filter(host => (measured.get(host) ?? 0) >= 100).length
  return [
    ...SHOWN.map(host => `  ${host.padEnd(NAME_WIDTH)}  ${bar(host)} ${percent(host)}`),
    `  ${`${full} others`.padEnd(NAME_WIDTH)}  ${paint.dim(cell('full', WIDTH))} ${'100 %'.padStart(7)}`,
  ]
}

/** The two VMs of the HA group are drawn apart from the rest. */
function isGroup(vm: Value): boolean {
  return String(vm).startsWith('VM.one') || String(vm).startsWith('VM.two')
}

/** `VM.a.large3.1` is a1, `VM.b.large2.2` is b2, `VM.one.large2` is one. */
export function label(vm: Value): string {
  const [, name = '', , number = ''] = String(vm).split('.')
  return name + number
}

function cell(text: string, width: number): string {
  const room = Math.max(0, width - 2)
  const shown = text.slice(0, room)
  const left = Math.floor((room - shown.length) / 2)
  return `[${' '.repeat(left)}${shown}${' '.repeat(room - shown.length - left)}]`
}
