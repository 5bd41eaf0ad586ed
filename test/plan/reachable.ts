import type { SmallCloud } from './clouds.ts'

/** VM → host for every VM. */
export type State = Readonly<Record<string, string>>

/**
 * Every placement that live migrations can bring about, one at a time, each VM on any host any number of times, with the cost of the
 * cheapest way: plain search over all states, both ends of a running migration counted.
 */
export function reachableStates({ hosts, vms }: SmallCloud): Map<string, { state: State; cost: number }> {
  const names = Object.keys(vms)
  const size = (vm: string) => vms[vm]![0]
  const start: State = Object.fromEntries(names.map(vm => [vm, vms[vm]![1]]))
  const key = (state: State) => names.map(vm => state[vm]).join()
  const found = new Map([[key(start), { state: start, cost: 0 }]])
  for (let queue = [start], state = queue.pop(); state; state = queue.pop()) {
    const { cost } = found.get(key(state))!
    const load = (host: string) => names.reduce((sum, vm) => sum + (state![vm] === host ? size(vm) : 0), 0)
    for (const vm of names)
      for (const host of Object.keys(hosts)) {
        if (host === state[vm] || load(host) + size(vm) > hosts[host]!) continue
        const next = { ...state, [vm]: host }
        const known = found.get(key(next))
        if (known && known.cost <= cost + size(vm)) continue
        found.set(key(next), { state: next, cost: cost + size(vm) })
        queue.push(next)
      }
  }
  return found
}
