import type { Value } from '../tables/index.ts'
import type { PlanInput } from './types.ts'

/** Most pairs given. */
const PAIRS = 20_000

/**
 * Assignments that no sequence of live migrations can bring about, whatever else moves: to arrive on a host, a VM needs what is free
 * there now and at most what VMs leave that can leave at all. A VM can leave if some host can take it in this sense, so the sets grow
 * from nothing until they stay. Loads below 0 are not reckoned with: then nothing is said.
 *
 * Sound but not complete: what is not named may still be impossible.
 */
export function unreachable(
  input: Pick<PlanInput, 'placement' | 'candidates' | 'capacities'>,
): { readonly vm: Value; readonly host: Value }[] {
  const { placement, capacities, candidates } = input
  const vms = [...placement.keys()]
  const hosts = new Set([...placement.values(), ...vms.flatMap(vm => candidates(vm))])
  if (vms.some(vm => capacities.some(c => c.load(vm, placement.get(vm)!) < 0))) return []
  /** Room by host and capacity, with all that can leave gone. */
  const here = new Map<Value, Value[]>([...hosts].map(host => [host, []]))
  for (const [vm, host] of placement) here.get(host)!.push(vm)
  const rooms = new Map([...hosts].map(host => [host, capacities.map(c => roomOf(c, host, here.get(host)!))]))
  const isAtMost = (load: number, room: number, strict: boolean) => (strict ? load < room : load <= room + 1e-9)
  const canArrive = (vm: Value, host: Value) =>
    capacities.every((c, k) => {
      const load = c.load(vm, host)
      return load <= 0 || isAtMost(load, rooms.get(host)![k]!, c.strict)
    })
  const stuck = new Set(vms)
  for (let grew = true; grew; ) {
    grew = false
    for (const vm of stuck) {
      const from = placement.get(vm)!
      if (!candidates(vm).some(host => host !== from && canArrive(vm, host))) continue
      stuck.delete(vm)
      const room = rooms.get(from)!
      capacities.forEach((c, k) => {
        room[k]! += c.load(vm, from)
      })
      grew = true
    }
  }
  const found: { vm: Value; host: Value }[] = []
  for (const vm of vms)
    for (const host of candidates(vm)) {
      if (host === placement.get(vm) || canArrive(vm, host)) continue
      found.push({ vm, host })
      if (found.length === PAIRS) return found
    }
  return found
}

function roomOf(capacity: PlanInput['capacities'][number], host: Value, vms: readonly Value[]): number {
  const limit = capacity.limit(host)
  if (limit === undefined) return Number.POSITIVE_INFINITY
  return limit - vms.reduce<number>((sum, vm) => sum + capacity.load(vm, host), capacity.base(host))
}
