import type { ActionStatus, Cloud, LiveSource } from '../../../datasources/index.ts'
import { DiagnosticError } from '../../../diagnostic/index.ts'
import { renderTuple } from '../../../language/index.ts'
import type { Row, Value } from '../../../tables/index.ts'
import {
  type Action,
  type ActionContext,
  showExecution,
  type TaskResult,
  type WorkflowEngine,
} from '../../../workflow/index.ts'
import { evacuating } from '../../evacuating.ts'
import { MIGRATE, type WorkflowMove } from '../../plan-workflow.ts'
import { type Refusal, refusalIn } from '../../refusals.ts'
import type { ExceptionList } from '../exceptions.ts'
import { forLog, type Parts } from '../parts.ts'
import { type LiveWorld, LOCATION } from '../world/live-world.ts'

/** What an execution that carries out a plan is started with. */
export interface PlanInput {
  readonly plan: string
  readonly domain: string
  /** Policies that the plan was made for: what they forbid is looked at before each move. */
  readonly policies: readonly string[]
  readonly moves: readonly WorkflowMove[]
  /** Violations the plan takes into account, by their text. */
  readonly tolerated: readonly string[]
}

/** Plans whose moves are remembered, so that a poll need not read them again. */
const KEPT = 50
/** Tries remembered so that none is counted twice. */
const COUNTED = 10_000

/**
 * The actions of all sources, as the workflow engine carries them out. A move of a plan begins only if the world is still as the plan
 * counts on, and has ended when the cloud says so and its tables show it.
 */
export class CloudActions {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #exceptions: ExceptionList
  readonly #engine: WorkflowEngine
  readonly #inputs = new Map<string, PlanInput | undefined>()
  readonly #stops: (() => void)[] = []
  /** How actions ended in this process, for the metrics. */
  readonly ended = { succeeded: 0, failed: 0, refused: 0 }
  /** What tries that failed in this process have taught, by token; not more than are counted. */
  readonly #taught = new Map<string, Refusal>()
  /** Tries that were counted: the cloud's word and a poll may both find an end. */
  readonly #counted = new Set<string>()

  constructor(parts: Parts, world: LiveWorld, exceptions: ExceptionList, engine: WorkflowEngine) {
    this.#parts = parts
    this.#world = world
    this.#exceptions = exceptions
    this.#engine = engine
    for (const { cloud } of world.sources)
      if (cloud?.onEnded) this.#stops.push(cloud.onEnded((token, { state }) => this.#heard(cloud, token, state)))
  }

  /** By name. An action of the same name in two sources is the first's. */
  all(): Readonly<Record<string, Action>> {
    const actions: Record<string, Action> = {}
    for (const source of this.#world.sources)
      for (const { name } of source.actions) actions[name] ??= this.#actionOf(source, name)
    return actions
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  /** Why a move may not begin now; undefined: it may. */
  refusal({ vm, from, to }: Pick<WorkflowMove, 'vm' | 'from' | 'to'>, plan: PlanInput): string | 'done' | undefined {
    const row = this.#world.placeOf(vm)
    if (!row) return `the VM \`${vm}\` is gone`
    if (row[1] === to) return 'done'
    if (row[1] !== from) return `the VM \`${vm}\` is on \`${row[1]}\`, not on \`${from}\``
    const added = this.newErrors([{ row, to }], plan.policies).find(text => !plan.tolerated.includes(text))
    return added === undefined ? undefined : `the move would now violate ${added}`
  }

  /** Errors of some policies that are there if VMs were elsewhere, and are not now. */
  newErrors(moves: readonly { readonly row: Row; readonly to: Value }[], policies: readonly string[]): string[] {
    const { evaluator, program } = this.#world
    const removed = moves.map(({ row }) => row)
    const inserted = moves.map(({ row, to }) => [row[0] ?? null, to, ...row.slice(2)])
    return evaluator.whatIf([{ table: LOCATION, inserted, removed }], (_, changes) =>
      [...changes].flatMap(([table, change]) => {
        const info = program.tables.get(table)
        if (info?.role !== 'error' || !policies.includes(info.policy ?? '')) return []
        const counting = change.inserted.filter(row => !this.#exceptions.covering(table, row))
        return counting.map(row => renderTuple(program, table, row))
      }),
    )
  }

  /**
   * What a move teaches that failed for good; undefined: nothing. It was learnt when the try failed: until its plan ends, the cloud may have
   * changed, and the refusal with it.
   */
  async refusalOf(token: string, move: Pick<WorkflowMove, 'vm' | 'to'>): Promise<Refusal | undefined> {
    const taught = this.#taught.get(token)
    if (taught) return taught
    for (const { cloud } of this.#world.sources) {
      const status = await cloud?.status(token).catch(() => undefined)
      if (status) return refusalIn(status, move, this.#world.look)
    }
    return undefined
  }

  #actionOf({ cloud, name: source }: LiveSource, name: string): Action {
    if (!cloud)
      return {
        run: async () => ({
          outcome: 'error',
          error: `the data source \`${source}\` has nothing that acts`,
          retryable: false,
        }),
      }
    const acting = this.#parts.config.control.evacuate ? evacuating(cloud, this.#world.look) : cloud
    return {
      run: async (input, context) => {
        const refused = name === MIGRATE ? await this.#mayMove(context) : undefined
        if (refused) return refused
        try {
          await acting.submit(name, input, context.token)
          return 'later'
        } catch (error) {
          if (!(error instanceof DiagnosticError)) throw error
          this.#count(context.token, 'failed')
          const status = await cloud.status(context.token).catch(() => undefined)
          if (status) await this.#learn(context.token, status)
          const retryable = status?.retryable ?? false
          this.#parts.log.warn(
            { ...place(context.token), action: name, ...forLog(error) },
            'the cloud refused an action',
          )
          return { outcome: 'error', error: error.message, retryable }
        }
      },
      poll: token => this.#ask(cloud, token),
    }
  }

  /** Undefined: go on. The move is noted before it begins: whoever goes on after a crash knows that the VM moved. */
  async #mayMove({ execution, task, token }: ActionContext): Promise<TaskResult | undefined> {
    const plan = await this.#planOf(execution)
    const move = plan?.moves.find(({ id }) => id === task)
    if (!plan || !move) return undefined
    const refused = this.refusal(move, plan)
    if (refused === 'done') return { outcome: 'success', data: 'it was there already' }
    if (refused !== undefined) {
      this.#count(token, 'refused')
      this.#parts.log.warn({ plan: plan.plan, ...place(token), vm: move.vm, refused }, 'a move was not begun')
      return { outcome: 'error', error: refused, retryable: false }
    }
    const { store, clock } = this.#parts
    await store.transaction(tx =>
      tx
        .insertInto('vm_moves')
        .values({ id: token, vm: String(move.vm), domain: plan.domain, at: clock.now() })
        .onConflict(c => c.doNothing())
        .execute(),
    )
    this.#parts.log.info(
      { plan: plan.plan, ...place(token), vm: move.vm, from: move.from, to: move.to },
      'a move begins',
    )
    return undefined
  }

  async #ask(cloud: Cloud, token: string): Promise<TaskResult | 'running' | undefined> {
    const status = await cloud.status(token)
    if (!status) return undefined
    if (status.state === 'running') return 'running'
    if (status.state === 'succeeded') {
      const move = await this.#moveOf(token)
      // The cloud's tables may lag behind its word; what comes after this move counts on them.
      if (move && this.#world.placeOf(move.vm)?.[1] !== move.to) return 'running'
      this.#count(token, 'succeeded')
      return { outcome: 'success' }
    }
    this.#count(token, 'failed')
    await this.#learn(token, status)
    return { outcome: 'error', error: status.detail ?? 'it failed', retryable: status.retryable ?? true }
  }

  async #learn(token: string, status: ActionStatus): Promise<void> {
    const move = await this.#moveOf(token)
    const refusal = move && refusalIn(status, move, this.#world.look)
    if (!refusal) return
    makeRoom(this.#taught, COUNTED)
    this.#taught.set(token, refusal)
  }

  async #moveOf(token: string): Promise<WorkflowMove | undefined> {
    const { execution, task } = place(token)
    return (await this.#planOf(execution))?.moves.find(({ id }) => id === task)
  }

  #count(token: string, how: keyof CloudActions['ended']): void {
    if (this.#counted.has(token)) return
    makeRoom(this.#counted, COUNTED)
    this.#counted.add(token)
    this.ended[how]++
  }

  /** The cloud's own word that an action ended saves waiting for the next poll, which finds what was missed. */
  #heard(cloud: Cloud, token: string, state: string): void {
    if (state === 'running') return
    const ask = async () => {
      const result = await this.#ask(cloud, token)
      if (result && result !== 'running') await this.#engine.completeByToken(token, result)
    }
    ask().catch(error => this.#parts.log.debug(forLog(error), 'an action that ended is left to the next poll'))
  }

  async #planOf(execution: string): Promise<PlanInput | undefined> {
    if (this.#inputs.has(execution)) return this.#inputs.get(execution)
    const { input, workflow } = await showExecution(this.#parts.store, execution)
    const plan = workflow === 'plan' ? (input as PlanInput) : undefined
    makeRoom(this.#inputs, KEPT)
    this.#inputs.set(execution, plan)
    return plan
  }
}

/** Forget the oldest, so that one more makes no more than `most`. */
function makeRoom(kept: Map<string, unknown> | Set<string>, most: number): void {
  for (const old of kept.keys()) {
    if (kept.size < most) return
    kept.delete(old)
  }
}

function place(token: string): { readonly execution: string; readonly task: string } {
  const [execution = '', task = ''] = token.split('/')
  return { execution, task }
}
