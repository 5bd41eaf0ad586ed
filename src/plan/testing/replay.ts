import type { Value } from '../../tables/index.ts'
import type { Plan, PlanInput } from '../types.ts'

/**
 * Carries a plan out event by event and checks every state, knowing nothing of how plans are made. `choose(n)` picks one of n
 * possible events: starting a move whose `after` have all ended, or the end of one that runs. All interleavings with all
 * durations are sequences of such events.
 *
 * @returns what is wrong, in words; empty if nothing is.
 */
export function replay(input: PlanInput, plan: Plan, choose: (n: number) => number): string[] {
  const run = new Run(input, plan)
  const waiting = new Set(plan.moves)
  const running = new Set<Plan['moves'][number]>()
  const ended = new Set<string>()
  while (waiting.size + running.size > 0) {
    const ready = [...waiting].filter(m => m.after.every(id => ended.has(id)))
    const events = [...ready, ...running]
    const move = events[choose(events.length)]
    if (!move) return [...run.problems, `no event is possible, ${waiting.size} moves wait`]
    if (running.delete(move)) {
      ended.add(move.id)
      run.end(move)
    } else {
      waiting.delete(move)
      running.add(move)
      run.start(move, running)
    }
  }
  run.finish()
  return run.problems
}

/** Carries a plan out step by step: all moves of a step start, then all end. */
export function replaySteps(input: PlanInput, plan: Plan): string[] {
  const run = new Run(input, plan)
  for (let step = 1; step <= plan.steps; step++) {
    const moves = plan.moves.filter(m => m.step === step)
    if (moves.length === 0) run.problems.push(`step ${step} is empty`)
    moves.forEach((m, i) => {
      run.start(m, new Set(moves.slice(0, i + 1)))
    })
    for (const m of moves) run.end(m)
  }
  run.finish()
  return run.problems
}

class Run {
  readonly problems: string[] = []
  readonly #input: PlanInput
  readonly #plan: Plan
  readonly #hosts: Map<Value, Value[]>
  #loads: number[][]

  constructor(input: PlanInput, plan: Plan) {
    this.#input = input
    this.#plan = plan
    this.#hosts = new Map([...input.placement].map(([vm, host]) => [vm, [host]]))
    this.#loads = this.#measure()
  }

  start(move: Plan['moves'][number], running: ReadonlySet<Plan['moves'][number]>): void {
    const here = this.#hosts.get(move.vm)!
    if (here.length !== 1 || here[0] !== move.from)
      this.problems.push(`${move.id}: ${move.vm} is on ${here.join(', ')}`)
    here.push(move.to)
    const { perHost = 1, global = 4 } = this.#input.limits ?? {}
    if (running.size > global) this.problems.push(`${move.id}: ${running.size} moves run`)
    for (const host of [move.from, move.to])
      if ([...running].filter(m => m.from === host || m.to === host).length > perHost)
        this.problems.push(`${move.id}: too many moves run on ${host}`)
    this.#check(`${move.id} starts`)
  }

  end(move: Plan['moves'][number]): void {
    this.#hosts.set(move.vm, [move.to])
    this.#check(`${move.id} ends`)
  }

  finish(): void {
    const left = new Map(this.#plan.impossible.map(m => [m.vm, m.from]))
    const target = new Map(this.#input.moves.map(m => [m.vm, m.to]))
    for (const [vm, host] of this.#input.placement) {
      const want = left.get(vm) ?? target.get(vm) ?? host
      const is = this.#hosts.get(vm)!
      if (is.length !== 1 || is[0] !== want) this.problems.push(`${vm} ends on ${is.join(', ')} instead of ${want}`)
    }
    const cost = this.#plan.moves.reduce((sum, m) => sum + this.#input.costOf(m.vm, m.from, m.to), 0)
    if (Math.abs(cost - this.#plan.cost) > 1e-9) this.problems.push(`cost is ${cost}, not ${this.#plan.cost}`)
  }

  #all(): Value[] {
    const { placement, moves } = this.#input
    return [...new Set([...placement.values(), ...moves.map(m => m.to), ...this.#plan.moves.map(m => m.to)])]
  }

  #measure(): number[][] {
    return this.#input.capacities.map(c =>
      this.#all().map(host => {
        let load = c.base(host)
        for (const [vm, on] of this.#hosts) if (on.includes(host)) load += c.load(vm, host)
        return load
      }),
    )
  }

  #check(when: string): void {
    const before = this.#loads
    this.#loads = this.#measure()
    this.#input.capacities.forEach((c, k) => {
      this.#all().forEach((host, h) => {
        const limit = c.limit(host)
        const load = this.#loads[k]![h]!
        if (limit === undefined || (c.strict ? load < limit : load <= limit + 1e-6)) return
        if (load > before[k]![h]! + 1e-6) this.problems.push(`${when}: ${host} gets ${load} of ${limit} (${c.rule})`)
      })
    })
  }
}
