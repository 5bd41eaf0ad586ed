import { v7 as newId } from 'uuid'
import { DiagnosticError } from '../../../diagnostic/index.ts'
import type { Value } from '../../../tables/index.ts'
import { type ExecutionView, type Runner, showExecution, type WorkflowEngine } from '../../../workflow/index.ts'
import type { PlanReport } from '../../plan-report.ts'
import { planWorkflow, type WorkflowMove } from '../../plan-workflow.ts'
import { excludedBy, heldBy, type Refusal } from '../../refusals.ts'
import { forLog, isStoreFault } from '../parts.ts'
import { planningOf, tablesReadBy } from '../preview.ts'
import type { EventLog } from '../record/event-log.ts'
import { type Lease, LeaseLostError } from '../record/lease.ts'
import { readTables } from '../snapshots.ts'
import { packTables } from '../thread/pack.ts'
import type { JobThread } from '../thread/pool.ts'
import { LOCATION } from '../world/live-world.ts'
import type { CloudActions, PlanInput } from './cloud-actions.ts'
import { beginnings } from './cut-plan.ts'
import { type Cycle, CycleLog } from './cycle-log.ts'
import { counting, distrust, groupOf, LEVELS, type Level, type Surroundings, withTables } from './gather.ts'
import { programFor } from './group-program.ts'
import type { Measures } from './measures.ts'
import { type PlanBook, reportOf, termsOf } from './plan-book.ts'
import { quietFor } from './quiet.ts'

/** Plans that fail, one after the other, before the next is waited for longer. */
const FAILURES_AT_ONCE = 3
/** Milliseconds between looks at what others may have asked for. */
const LOOK_MS = 1000
const LONGEST_WAIT_MS = 300_000
/** Milliseconds until a cycle that found nothing is followed by another. */
const FIRST_RETRY_MS = 15_000

export interface LoopParts extends Surroundings {
  readonly events: EventLog
  readonly plans: PlanBook
  readonly actions: CloudActions
  readonly engine: WorkflowEngine
  readonly runner: Runner
  readonly thread: JobThread
  readonly measures: Measures
}

/**
 * The cycles of one domain, one after the other, in the replica that has its lease: evaluate ▶ decide ▶ place ▶ plan ▶ approve ▶ run ▶
 * verify. Every step that matters to others is in the database before the next begins; what a killed replica left is closed or carried on.
 */
export class DomainLoop {
  readonly domain: string
  readonly #with: LoopParts
  readonly #lease: Lease
  readonly #cycles: CycleLog
  /** When a cycle is due because something happened here, in milliseconds since 1970. */
  #dueAt: number | undefined
  #failures = 0
  /** The same of VMs' moves. */
  readonly #failuresOf = new Map<Value, number>()
  /** Cycles in a row for which no plan could be made. */
  #fruitless = 0
  #stopped = false
  #wake: (() => void) | undefined
  #running: Promise<void> | undefined

  constructor(parts: LoopParts, domain: string, lease: Lease) {
    this.#with = parts
    this.domain = domain
    this.#lease = lease
    this.#cycles = new CycleLog(parts.parts, domain, lease, parts.measures)
  }

  /** Begin, if this replica holds the lease and has not begun. */
  start(): void {
    if (this.#running || this.#stopped) return
    this.#running = this.#go().finally(() => {
      this.#running = undefined
      // The lease may have come back between the loop's last look at it and now.
      if (this.#lease.held) this.start()
    })
  }

  /** Something happened: a cycle is due, at the latest at a moment. */
  due(at: number): void {
    this.#dueAt = Math.min(this.#dueAt ?? at, at)
    this.look()
  }

  #dueSoon(): void {
    const { clock, config } = this.#with.parts
    this.due(clock.now() + config.control.events.settle * 1000)
  }

  /** Look at once what there is to do. */
  look(): void {
    this.#wake?.()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.look()
    await this.#running
  }

  async #go(): Promise<void> {
    const { log } = this.#with.parts
    let isNew = true
    let faults = 0
    while (!this.#stopped && this.#lease.held) {
      try {
        if (isNew) await this.#closeLeftCycles()
        isNew = false
        if (!(await this.#step())) await this.#pause(LOOK_MS)
        faults = 0
      } catch (error) {
        isNew = true
        if (this.#stopped || error instanceof LeaseLostError) continue
        log[isStoreFault(error) ? 'warn' : 'error']({ domain: this.domain, ...forLog(error) }, 'a cycle was cut short')
        const wait = Math.min(LONGEST_WAIT_MS, LOOK_MS * 2 ** faults++)
        this.#dueAt = undefined
        await this.#pause(wait)
      }
    }
  }

  /** Do one thing that is to be done; false: there is nothing. */
  async #step(): Promise<boolean> {
    const { plans, parts } = this.#with
    await plans.expire(this.domain)
    const [running] = await plans.inState(this.domain, 'running')
    const [approved] = running ? [running] : await plans.inState(this.domain, 'approved')
    if (approved) {
      const row = await this.#cycles.of(approved.id)
      const cycle = row ?? (await this.#cycles.begin({ id: newId(), cause: 'demand' }, 'run', approved.id))
      await this.#carryOut(cycle, approved.id)
      return true
    }
    const request = await this.#cycles.asked()
    if (request) {
      await this.#cycle(request)
      return true
    }
    if (await this.#with.refusals.release(this.domain)) this.#dueSoon()
    if (this.#dueAt === undefined || this.#dueAt > parts.clock.now()) return false
    this.#dueAt = undefined
    await this.#cycle({ id: newId(), cause: 'event' })
    return true
  }

  async #cycle(cycle: Cycle): Promise<void> {
    const { measures } = this.#with
    await this.#cycles.begin(cycle, 'evaluate')
    const outcomes: string[] = []
    for (const level of LEVELS) {
      const group = groupOf(this.#with, level)
      if (!group) continue
      const { outcome, plan } = await this.#atLevel(cycle, level, group)
      outcomes.push(outcome)
      measures.decided(level, plan === undefined ? 'none' : 'plan')
      if (plan === undefined) continue
      if (level === 'enforce') return this.#carryOut(cycle, plan)
      // A plan that waits, or is only kept for later, does not end the cycle for lesser modes, which build on it.
    }
    await this.#cycles.end(
      cycle,
      outcomes.length === 0 ? 'no policy asks for plans' : [...new Set(outcomes)].join('; '),
    )
  }

  /** Evaluate, decide, place and plan on one level. */
  async #atLevel(
    cycle: Cycle,
    level: Level,
    group: ReadonlySet<string>,
  ): Promise<{ readonly outcome: string; readonly plan?: string }> {
    const { parts, world, exceptions, plans, measures } = this.#with
    const { control } = parts.config
    const violations = counting(this.#with, group, this.domain)
    if (violations.next !== undefined) this.due(violations.next)
    await this.#cycles.stage(cycle, 'decide')
    if (cycle.cause === 'event' && violations.now.length === 0) return { outcome: 'nothing to mend' }
    const quiet =
      level === 'enforce' && cycle.cause !== 'demand'
        ? quietFor(control.hysteresis.quiet, parts.clock.now())
        : undefined
    if (quiet !== undefined) {
      this.due(parts.clock.now() + quiet)
      return { outcome: 'it is a quiet time' }
    }
    const allowed = await this.#movesAllowed()
    if (allowed <= 0) {
      this.due(parts.clock.now() + LONGEST_WAIT_MS)
      return { outcome: 'as many VMs moved in the last hour as may' }
    }
    const { program, tables: excepted } = programFor(world.program, group, exceptions.active())
    const read = tablesReadBy([program])
    const doubt = distrust(this.#with, read)
    if (doubt !== undefined) {
      this.due(parts.clock.now() + 30_000)
      return { outcome: `refused: ${doubt}` }
    }
    await this.#cycles.stage(cycle, 'place')
    const tables = withTables(await readTables(world), excepted)
    if ((tables.get(LOCATION)?.rows.length ?? 0) === 0) return { outcome: 'there is no VM to place' }
    const refusals = this.#with.refusals.standing()
    const held = heldBy(refusals)
    const general = planningOf(control, control.placement.seconds, await this.#within(held))
    // What can't be kept is worked out only where it may be this domain's: other domains' violations can't be mended here.
    const exclude = excludedBy(refusals)
    const planning = { ...general, place: { ...general.place, explain: this.#with.domains.isOne, exclude } }
    const started = performance.now()
    let report: PlanReport
    try {
      const whole = await this.#with.thread.run<'plan'>(
        {
          kind: 'plan',
          program,
          tables: await packTables(tables, name => read.has(name) || name.startsWith('excepted:')),
          planning,
        },
        control.placement.seconds * 3,
      )
      report = { ...this.#ownPart(whole), held }
      this.#fruitless = 0
    } catch (error) {
      if (!(error instanceof DiagnosticError) || isStoreFault(error)) throw error
      parts.log.warn({ cycle: cycle.id, domain: this.domain, ...forLog(error) }, 'no plan could be made')
      this.#tryAgainLater()
      return { outcome: `no plan could be made: ${error.message}` }
    }
    const seconds = (performance.now() - started) / 1000
    measures.placed(report.proof, seconds)
    const { solver, proof } = report
    parts.log.info(
      { cycle: cycle.id, domain: this.domain, mode: level, seconds, solver, proof },
      'a placement was found',
    )
    await this.#cycles.stage(cycle, 'plan')
    const cut = report.moves.length > allowed ? this.#cut(report, allowed, group) : report
    if (!cut) return { outcome: 'no part of the plan is small enough for what may move in an hour' }
    const worth = isWorth(cut, control.hysteresis.leastGain)
    if (cut.moves.length === 0)
      return { outcome: violations.now.length === 0 ? 'nothing to mend' : `nothing better was found${withHeld(held)}` }
    if (!worth) return { outcome: 'the gain is too small' }
    const same = await this.#sameAsBefore(level, cut)
    if (same !== undefined) return { outcome: `plan ${same} still holds` }
    await this.#cycles.stage(cycle, 'approve')
    const row = await parts.store.transaction(async tx => {
      await this.#lease.confirm(tx)
      const added = await plans.add(tx, { domain: this.domain, mode: level, report: cut, policies: [...group] })
      await tx.updateTable('cycles').set({ plan: added.id }).where('id', '=', cycle.id).execute()
      await plans.tell(tx, added)
      return added
    })
    plans.announce(this.domain)
    parts.log.info(
      { cycle: cycle.id, domain: this.domain, plan: row.id, mode: level, moves: row.moves },
      'a plan was made',
    )
    const waits = level === 'advise' ? 'waits for approval' : 'is recorded'
    return { outcome: `plan ${row.id} ${waits}`, plan: row.id }
  }

  /** What is wrong could not be mended in the time there was, or not in this cloud: now and then, look again without being asked. */
  #tryAgainLater(): void {
    if (!this.#with.parts.config.control.events.enabled) return
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_RETRY_MS * 2 ** this.#fruitless++)
    this.due(this.#with.parts.clock.now() + wait)
  }

  /** Run an approved plan to its end, also one that another replica began. */
  async #carryOut(cycle: Cycle, id: string): Promise<void> {
    const { parts, plans, engine, measures } = this.#with
    const row = await plans.find(id)
    if (!row) return this.#cycles.end(cycle, `plan ${id} is gone`)
    const log = parts.log.child({ cycle: cycle.id, domain: this.domain, plan: id })
    await this.#cycles.stage(cycle, 'run')
    const execution = `plan-${id}`
    if (row.state === 'approved') {
      const { tolerated, policies } = termsOf(row)
      const report = reportOf(row)
      const moves = report.moves.map(
        ({ id: move, vm, from, to, after }): WorkflowMove => ({ id: move, vm, from, to, after }),
      )
      const input: PlanInput = { plan: id, domain: this.domain, policies, moves, tolerated }
      const steps = { moves, copies: report.copies }
      await engine.start(planWorkflow(steps, parts.config.control.migrationTimeout), input, execution)
      await plans.change(id, ['approved'], 'running', { execution })
      log.info({ execution, moves: moves.length }, 'a plan is carried out')
    }
    const started = parts.clock.now()
    const view = await this.#untilDone(execution)
    await this.#cycles.stage(cycle, 'verify')
    const ok = view.state === 'succeeded'
    const failed = view.tasks.filter(({ state }) => state === 'failed')
    const moves = new Map(reportOf(row).moves.map(move => [move.id, move]))
    const refusals: Refusal[] = []
    for (const { name, id: task, attempt, state } of view.tasks) {
      const move = moves.get(name)
      if (move && state === 'succeeded') this.#failuresOf.delete(move.vm)
      if (!move || state !== 'failed') continue
      this.#failuresOf.set(move.vm, (this.#failuresOf.get(move.vm) ?? 0) + 1)
      const refusal = await this.#with.actions.refusalOf(`${task}/${attempt}`, move)
      if (refusal) refusals.push(refusal)
    }
    for (const { vm, host, why: reason } of refusals)
      log.warn(
        { vm, ...(host !== undefined && { host }), why: reason },
        'the cloud refuses a move; plans do without it',
      )
    if (refusals.length > 0) await this.#with.refusals.add(this.domain, refusals, vm => this.#failuresOf.get(vm) ?? 1)
    const why = failed[0]?.error ?? view.error ?? view.state
    await plans.change(id, ['running', 'approved'], ok ? 'done' : 'failed', ok ? {} : { reason: why })
    const left = counting(this.#with, new Set(termsOf(row).policies), this.domain).now.filter(v => v.role === 'error')
    measures.ran(ok ? 'done' : 'failed', (parts.clock.now() - started) / 1000)
    log[ok ? 'info' : 'warn'](
      { execution, state: view.state, errors: left.length, ...(!ok && { why }) },
      'a plan has ended',
    )
    const result = ok ? 'done' : `failed: ${why}`
    await this.#cycles.end(cycle, `plan ${id} ${result}; errors ${row.errors_before} before, ${left.length} now`)
    // What was refused has no part in the next plan: that one may go well.
    if (refusals.length === 0) this.#failures = ok ? 0 : this.#failures + 1
    // The world is another now: look again, after repeated failures not at once.
    const wait = this.#failures < FAILURES_AT_ONCE ? 0 : Math.min(LONGEST_WAIT_MS, 1000 * 2 ** this.#failures)
    this.due(parts.clock.now() + wait + parts.config.control.events.settle * 1000)
  }

  /** A paused execution is waited for too: it is a person's business to resume or cancel it. */
  async #untilDone(execution: string): Promise<ExecutionView> {
    for (;;) {
      const view = await this.#with.runner.runUntilDone(execution)
      if (view.state !== 'paused') return view
      do {
        if (this.#stopped || !this.#lease.held) throw new LeaseLostError(this.#lease.name)
        await this.#pause(LOOK_MS)
      } while ((await showExecution(this.#with.parts.store, execution)).state === 'paused')
    }
  }

  /** A report without violations that are other domains' business. */
  #ownPart(report: PlanReport): PlanReport {
    const { domains } = this.#with
    if (domains.isOne) return report
    const isOwn = ({ row }: PlanReport['violationsBefore'][number]) => domains.about(row)?.has(this.domain) ?? true
    const { violationsBefore, violationsAfter } = report
    return {
      ...report,
      violationsBefore: violationsBefore.filter(isOwn),
      violationsAfter: violationsAfter.filter(isOwn),
    }
  }

  /** VMs and hosts of the domain, without VMs that rest or are held. */
  async #within(held: PlanReport['held']) {
    const { domains, world } = this.#with
    const within = domains.within(this.domain)
    const staying = new Set([...(await this.#resting()), ...held.map(({ vm }) => String(vm))])
    if (staying.size === 0) return within
    const vms = new Set<Value>()
    const add = (vm: Value) => {
      if (!staying.has(String(vm))) vms.add(vm)
    }
    if (within) for (const vm of within.vms) add(vm)
    else world.evaluator.view.each(LOCATION, ([vm = null]) => add(vm))
    return { ...within, vms }
  }

  async #resting(): Promise<readonly string[]> {
    const { parts } = this.#with
    const { rest } = parts.config.control.hysteresis
    if (rest === 0) return []
    const since = parts.clock.now() - rest * 1000
    const moved = await parts.store.db.selectFrom('vm_moves').select(['vm', 'at']).where('at', '>', since).execute()
    if (moved.length > 0) this.due(Math.max(...moved.map(({ at }) => at)) + rest * 1000)
    return moved.map(({ vm }) => vm)
  }

  async #movesAllowed(): Promise<number> {
    const { parts } = this.#with
    const { movesPerHour } = parts.config.control.hysteresis
    if (movesPerHour === undefined) return Number.POSITIVE_INFINITY
    const { n } = await parts.store.db
      .selectFrom('vm_moves')
      .select(eb => eb.fn.countAll<number>().as('n'))
      .where('domain', '=', this.domain)
      .where('at', '>', parts.clock.now() - 3_600_000)
      .executeTakeFirstOrThrow()
    return movesPerHour - Number(n)
  }

  /** The longest beginning of a plan that brings no new error. */
  #cut(report: PlanReport, most: number, group: ReadonlySet<string>): PlanReport | undefined {
    const { world, actions } = this.#with
    for (const moves of beginnings(report.moves, most)) {
      const ends = new Map(moves.map(({ vm, to }) => [vm, to]))
      const places = [...ends].flatMap(([vm, to]) => {
        const row = world.placeOf(vm)
        return row ? [{ row, to }] : []
      })
      if (actions.newErrors(places, [...group]).length > 0) continue
      const cost = moves.reduce((sum, move) => sum + move.cost, 0)
      return { ...report, moves, cost, status: 'improved' }
    }
    return undefined
  }

  /** A plan that waits, or was recorded, with the same moves. */
  async #sameAsBefore(level: Level, report: PlanReport): Promise<string | undefined> {
    if (level === 'enforce') return undefined
    const moves = (of: PlanReport) => JSON.stringify(of.moves.map(({ vm, from, to }) => [vm, from, to]).sort())
    const before = await this.#with.plans.inState(this.domain, level === 'advise' ? 'waiting' : 'shadow')
    return before.filter(row => row.compared === null).find(row => moves(reportOf(row)) === moves(report))?.id
  }

  /** Close what a replica left that is gone, and look whether there is something to do. */
  async #closeLeftCycles(): Promise<void> {
    const { parts, plans } = this.#with
    await this.#cycles.closeLeft(async plan => {
      const row = await plans.find(plan)
      return row?.state === 'running' || row?.state === 'approved'
    })
    const { enabled, settle } = parts.config.control.events
    if (enabled) this.due(parts.clock.now() + settle * 1000)
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#with.parts
    const due = this.#dueAt === undefined ? ms : Math.max(0, this.#dueAt - clock.now())
    await new Promise<void>(resolve => {
      const cancel = clock.after(Math.min(ms, due), resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
    this.#wake = undefined
  }
}

const withHeld = (held: PlanReport['held']) => (held.length > 0 ? `; the cloud holds ${held.length} VMs` : '')

/** Whether a plan mends something, or saves at least so much. */
function isWorth({ aims }: PlanReport, leastGain: number): boolean {
  const gain = (name: string) => {
    const aim = aims.find(one => one.name === name)
    return aim ? aim.before - aim.after : 0
  }
  if (gain('errors') > 0 || gain('warnings') > 0) return true
  const saved = aims.filter(({ name }) => name.startsWith('cost ')).reduce((sum, { name }) => sum + gain(name), 0)
  return saved > 0 && saved >= leastGain
}
