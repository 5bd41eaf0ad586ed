import { type Contest, KINDS } from './instance.ts'

/** What is wrong with a placement, and how many machines it uses. */
export interface Check {
  readonly broken: readonly string[]
  readonly waiting: number
  readonly machines: number
}

/** Sums of decimals are compared with this tolerance. */
const EPSILON = 1e-6

/**
 * The contest's rules in plain loops, without policy or engine.
 * @param machineOf machine of an instance; undefined while it waits
 */
export function check(contest: Contest, machineOf: (instance: string) => string | undefined): Check {
  const guests = new Map<string, string[]>()
  let waiting = 0
  for (const { id, app } of contest.instances) {
    const machine = machineOf(id)
    if (machine === undefined) waiting++
    else if (guests.has(machine)) guests.get(machine)!.push(app)
    else guests.set(machine, [app])
  }
  const limits = groupedByApp(contest.interference)
  const broken: string[] = []
  for (const machine of contest.machines) {
    const here = guests.get(machine.id) ?? []
    const apps = here.map(app => contest.apps.get(app)!)
    const over = (what: string, of: (app: (typeof apps)[number]) => number, most: number): void => {
      const total = apps.reduce((sum, app) => sum + of(app), 0)
      if (total > most + EPSILON) broken.push(`${what} on ${machine.id}: ${total} of ${most}`)
    }
    const moments = apps[0]?.cpu.length ?? 0
    for (let t = 0; t < moments; t++) {
      over(`cpu at ${t}`, app => app.cpu[t]!, machine.cpu)
      over(`memory at ${t}`, app => app.memory[t]!, machine.memory)
    }
    over('disk', app => app.disk, machine.disk)
    for (const [i, kind] of KINDS.entries()) over(kind, app => app.kinds[i]!, machine.kinds[i]!)
    const count = new Map<string, number>()
    for (const app of here) count.set(app, (count.get(app) ?? 0) + 1)
    for (const app of count.keys())
      for (const { other, most } of limits.get(app) ?? []) {
        const n = count.get(other) ?? 0
        if (n > most + Number(other === app)) broken.push(`${n} of ${other} beside ${app} on ${machine.id}`)
      }
  }
  return { broken, waiting, machines: guests.size }
}

function groupedByApp(interference: Contest['interference']): Map<string, Contest['interference'][number][]> {
  const groups = new Map<string, Contest['interference'][number][]>()
  for (const rule of interference) {
    const group = groups.get(rule.app)
    if (group) group.push(rule)
    else groups.set(rule.app, [rule])
  }
  return groups
}
