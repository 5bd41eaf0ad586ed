import type { Instance } from './instance.ts'

/** What an assignment costs and which hard constraints it breaks. */
export interface Check {
  readonly cost: number
  readonly broken: readonly string[]
}

/**
 * The challenge's rules in plain loops, without policy or engine: a second opinion on every answer.
 * @param assignment machine of each process
 */
export function check(instance: Instance, assignment: readonly number[]): Check {
  const { machines, processes, resources, services, balances, weights, initial } = instance
  const broken: string[] = []
  const load = machines.map(() => resources.map(() => 0))
  const lingering = machines.map(() => resources.map(() => 0))
  const members = services.map((): number[] => [])
  const moved = services.map(() => 0)
  let cost = 0
  processes.forEach(({ requires, service, moveCost }, p) => {
    const here = assignment[p]!
    const home = initial[p]!
    if (members[service]!.includes(here)) broken.push(`service ${service} is twice on machine ${here}`)
    members[service]!.push(here)
    requires.forEach((amount, r) => {
      load[here]![r]! += amount
      if (here !== home && resources[r]!.transient) lingering[home]![r]! += amount
    })
    if (here === home) return
    moved[service]!++
    cost += weights.process * moveCost + weights.machine * machines[home]!.moveCostTo[here]!
  })
  cost += weights.service * moved.reduce((a, b) => Math.max(a, b), 0)
  machines.forEach(({ capacity, safety }, m) => {
    const here = load[m]!
    resources.forEach(({ weight }, r) => {
      if (here[r]! + lingering[m]![r]! > capacity[r]!) broken.push(`resource ${r} is short on machine ${m}`)
      cost += weight * Math.max(0, here[r]! - safety[r]!)
    })
    for (const { first, second, target, weight } of balances)
      cost += weight * Math.max(0, target * (capacity[first]! - here[first]!) - (capacity[second]! - here[second]!))
  })
  const placesOf = (s: number, of: 'location' | 'neighbourhood'): Set<number> =>
    new Set(members[s]!.map(m => machines[m]![of]))
  services.forEach(({ spread, dependsOn }, s) => {
    if (placesOf(s, 'location').size < spread) broken.push(`service ${s} is in fewer than ${spread} locations`)
    for (const on of dependsOn) {
      const near = placesOf(on, 'neighbourhood')
      for (const n of placesOf(s, 'neighbourhood'))
        if (!near.has(n)) broken.push(`service ${s} is without ${on} in neighbourhood ${n}`)
    }
  })
  return { cost, broken }
}

/** A proven lower bound: the whole load above all safety capacity, and the whole imbalance, as on a single machine. */
export function lowerBound({ machines, processes, resources, balances }: Instance): number {
  const demand = resources.map((_, r) => processes.reduce((sum, p) => sum + p.requires[r]!, 0))
  const total = (of: 'capacity' | 'safety', r: number): number => machines.reduce((sum, m) => sum + m[of][r]!, 0)
  const free = (r: number): number => total('capacity', r) - demand[r]!
  let bound = 0
  resources.forEach(({ weight }, r) => {
    bound += weight * Math.max(0, demand[r]! - total('safety', r))
  })
  for (const { first, second, target, weight } of balances)
    bound += weight * Math.max(0, target * free(first) - free(second))
  return bound
}
