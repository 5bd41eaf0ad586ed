import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openStore, type StoreOptions } from '../store/index.ts'
import { testDialects } from '../store/testing/databases.ts'
import { stepsOf } from './graph.ts'
import {
  type Action,
  createEngine,
  createRunner,
  type ExecutionView,
  type HistoryEvent,
  listExecutions,
  readHistory,
  type TaskDefinition,
  type TaskResult,
  type Transition,
  type WorkflowDefinition,
} from './index.ts'
import { crashingStore } from './testing/crashing-store.ts'
import { FakeClock } from './testing/fake-clock.ts'

/** The longer run sets more. */
const RUNS = Number(process.env['USHER_RUNS'] ?? 40)

/** How a task behaves: what each try ends as, and whether it answers at once. Results may be reported twice. */
interface Behaviour {
  readonly outcomes: readonly ('success' | 'error' | 'hopeless')[]
  readonly later: boolean
  readonly twice: boolean
  /** Milliseconds. */
  readonly takes: number
}

interface Case {
  readonly definition: WorkflowDefinition
  readonly behaviours: Readonly<Record<string, Behaviour>>
  /** Whether it is rolled back when it has failed. */
  readonly rollback: boolean
  /** Each process dies after so many steps; the one after the last lives. */
  readonly crashes: readonly number[]
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  outcomes: fc.array(fc.constantFrom('success', 'success', 'error', 'hopeless'), { minLength: 4, maxLength: 4 }),
  later: fc.boolean(),
  twice: fc.boolean(),
  takes: fc.integer({ min: 0, max: 3000 }),
})

/** Directed acyclic workflows: each task leads to later ones only. Most failures are handled, or little would be seen. */
const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 8 }).chain(n => {
  const name = (i: number) => `t${i}`
  const later = (i: number, maxLength: number): fc.Arbitrary<string[]> =>
    i + 1 < n ? fc.uniqueArray(fc.integer({ min: i + 1, max: n - 1 }).map(name), { maxLength }) : fc.constant([])
  const task = (i: number) =>
    fc.record({
      success: later(i, 3),
      error: later(i, 2),
      complete: later(i, 1),
      join: fc.constantFrom(undefined, 'one' as const, 'all' as const, 2),
      /** Guards, in turn, for the transitions of the task. */
      guards: fc.array(fc.constantFrom(undefined, '<% true %>', 'false', '<% seed > 1 %>', '<% 1 + 1 == 2 %>'), {
        minLength: 6,
        maxLength: 6,
      }),
      before: fc.constantFrom(0, 0, 0, 1.5),
      after: fc.constantFrom(0, 0, 0, 2.5),
      retries: fc.integer({ min: 0, max: 3 }),
      /** Acts itself, or for each of so many items, or by a sub-workflow. */
      kind: fc.constantFrom('plain', 'plain', 'plain', 'sub', 0, 2, 3),
      behaviour,
    })
  return fc
    .record({
      tasks: fc.tuple(...Array.from({ length: n }, (_, i) => task(i))),
      crashes: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 }),
      rollback: fc.boolean(),
    })
    .map(({ tasks, crashes, rollback }) => {
      const inbound = new Map<string, number>()
      for (const t of tasks)
        for (const target of new Set([...t.success, ...t.error, ...t.complete]))
          inbound.set(target, (inbound.get(target) ?? 0) + 1)
      const definitions = tasks.map((t, i): [string, TaskDefinition] => [
        name(i),
        {
          ...(t.kind === 'sub' ? { workflow: 'sub' } : { action: 'act', compensation: { action: 'undo' } }),
          ...(typeof t.kind === 'number' && {
            'with-items': `x in <% ${JSON.stringify(Array.from({ length: t.kind }, (_, k) => k))} %>`,
            concurrency: 2,
          }),
          'on-success': t.success.map((target, k) => guarded(target, t.guards[k])),
          'on-error': t.error.map((target, k) => guarded(target, t.guards[3 + k])),
          'on-complete': t.complete.map((target, k) => guarded(target, t.guards[5 + k])),
          ...(t.join && (inbound.get(name(i)) ?? 0) >= (t.join === 2 ? 2 : 1) && { join: t.join }),
          ...(t.before > 0 && { 'wait-before': t.before }),
          ...(t.after > 0 && { 'wait-after': t.after }),
          ...(t.retries > 0 && { retry: { count: t.retries, delay: 2, backoff: 2 } }),
        },
      ])
      return {
        definition: { name: 'random', tasks: Object.fromEntries(definitions), workflows: { sub: SUB } },
        behaviours: Object.fromEntries(tasks.map((t, i) => [name(i), t.behaviour])),
        crashes,
        rollback,
      }
    })
})

/** The first of its tasks ends as the try that calls it is to end; a failure is final. */
const SUB: WorkflowDefinition = {
  name: 'sub',
  tasks: {
    s0: { action: 'act', 'on-success': ['s1'], compensation: { action: 'undo' } },
    s1: { action: 'act', compensation: { action: 'undo' } },
  },
}

/** What a try is to end as: of an item, the outcomes of its task in another order. */
function wantedOf({ behaviours }: Case, token: string): { readonly behaviour: Behaviour; readonly outcome: string } {
  const [execution = '', task = '', attempt = ''] = token.split('/')
  const [, caller, call] = execution.split('.')
  if (caller !== undefined) {
    const behaviour = behaviours[caller]!
    return { behaviour, outcome: task === 's0' ? behaviour.outcomes[Number(call) - 1]! : 'success' }
  }
  const [, name = '', index = '0'] = /^([^[]+)(?:\[(\d+)\])?$/.exec(task)!
  const behaviour = behaviours[name]!
  return { behaviour, outcome: behaviour.outcomes[(Number(attempt) - 1 + Number(index)) % behaviour.outcomes.length]! }
}

function itemsOf(task: TaskDefinition): number | undefined {
  const list = /<% (.*) %>/.exec(String(task['with-items'] ?? ''))
  return list ? (JSON.parse(list[1]!) as unknown[]).length : undefined
}

function guarded(target: string, guard: string | undefined): Transition {
  return guard === undefined ? target : { [target]: guard }
}

/** The model of guards: those above, with an input of `{ seed: 1 }`. */
function targetsOf(task: TaskDefinition, outcome: 'success' | 'error'): string[] {
  const steps = [...stepsOf(task[outcome === 'success' ? 'on-success' : 'on-error']), ...stepsOf(task['on-complete'])]
  return steps.filter(([, guard]) => guard !== 'false' && guard !== '<% seed > 1 %>').map(([target]) => target)
}

/** Tasks that may lead to a task, whatever the guards. */
function sourcesOf(tasks: Readonly<Record<string, TaskDefinition>>, name: string): string[] {
  const words = ['on-success', 'on-error', 'on-complete'] as const
  return Object.keys(tasks).filter(s => words.some(word => [...stepsOf(tasks[s]![word])].some(([t]) => t === name)))
}

function needed({ join }: TaskDefinition, sources: number): number {
  return join === 'all' ? sources : typeof join === 'number' ? join : Math.min(1, sources)
}

/** The model: what each task that is reached ends as, and at which try. */
function predict(c: Case): Map<string, { state: 'succeeded' | 'failed'; attempt: number }> {
  const { definition } = c
  const names = Object.keys(definition.tasks)
  /** The last try of what is tried up to `tries` times, and its outcome. */
  const last = (execution: string, task: string, tries: number): { attempt: number; outcome: string } => {
    for (let attempt = 1; ; attempt++) {
      const { outcome } = wantedOf(c, `${execution}/${task}/${attempt}`)
      if (outcome !== 'error' || attempt >= tries) return { attempt, outcome }
    }
  }
  const ends = new Map<string, { state: 'succeeded' | 'failed'; attempt: number }>()
  for (const name of names) {
    const task = definition.tasks[name]!
    const sources = sourcesOf(definition.tasks, name)
    const arrived = sources.filter(s => {
      const end = ends.get(s)
      return end && targetsOf(definition.tasks[s]!, end.state === 'succeeded' ? 'success' : 'error').includes(name)
    })
    if (sources.length > 0 && arrived.length < needed(task, sources.length)) continue
    const tries = (task.retry?.count ?? 0) + 1
    const items = itemsOf(task)
    let end: { attempt: number; outcome: string }
    if (items !== undefined) {
      const all = Array.from({ length: items }, (_, i) => last('e', `${name}[${i}]`, tries).outcome)
      end = { attempt: 1, outcome: all.every(o => o === 'success') ? 'success' : 'error' }
    } else if (task.workflow === undefined) end = last('e', name, tries)
    else {
      let attempt = 1
      const call = (): string => wantedOf(c, `e.${name}.${attempt}/s0/1`).outcome
      while (attempt < tries && call() !== 'success') attempt++
      end = { attempt, outcome: call() }
    }
    ends.set(name, { state: end.outcome === 'success' ? 'succeeded' : 'failed', attempt: end.attempt })
  }
  return ends
}

/** The world outside: survives every crash, and remembers the tokens it was given. */
class World {
  readonly acted: string[] = []
  /** Compensations, in order. */
  readonly undone: string[] = []
  readonly #due = new Map<string, number>()
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  submit(token: string, takes: number): void {
    if (this.#due.has(token)) return
    this.#due.set(token, this.#clock.now() + takes)
    if (token.includes('/~')) this.undone.push(token)
    else this.acted.push(token)
  }

  done(token: string): boolean {
    return (this.#due.get(token) ?? Number.POSITIVE_INFINITY) <= this.#clock.now()
  }
}

interface Played {
  readonly view: ExecutionView
  readonly history: readonly HistoryEvent[]
  /** Every try that was recorded, as its token, by the executions' histories. */
  readonly recorded: readonly string[]
  /** What is to be undone, the first first, by the order of what was recorded. */
  readonly undoable: readonly string[]
  readonly world: World
  readonly deaths: number
}

/** Run a case to its end through all its crashes. `deaths` counts those that came about. */
async function play(c: Case, options: StoreOptions): Promise<Played> {
  const clock = new FakeClock()
  const world = new World(clock)
  let deaths = 0
  for (const after of [...c.crashes, Number.POSITIVE_INFINITY]) {
    const real = await openStore(options)
    let die!: () => void
    const death = new Promise<'dead'>(resolve => {
      die = () => resolve('dead')
    })
    const { store, step } = crashingStore(real, after, die)
    const engine = createEngine(store, { clock })
    const result = (token: string): TaskResult => {
      const { outcome } = wantedOf(c, token)
      return outcome === 'success' ? { outcome } : { outcome: 'error', retryable: outcome === 'error' }
    }
    const report = async (token: string): Promise<TaskResult> => {
      const [execution, task, attempt] = token.split('/')
      if (wantedOf(c, token).behaviour.twice)
        await engine.taskComplete(execution!, task!, Number(attempt), result(token))
      return result(token)
    }
    const act: Action = {
      async run(_, { token }) {
        step()
        const { takes, later } = wantedOf(c, token).behaviour
        world.submit(token, takes)
        step()
        return later ? 'later' : report(token)
      },
      poll: async token => (world.done(token) ? report(token) : undefined),
    }
    const undo: Action = {
      async run(_, { token }) {
        step()
        world.submit(token, 0)
        step()
        return { outcome: 'success' }
      },
      poll: async token => (world.done(token) ? { outcome: 'success' } : undefined),
    }
    const life = (async () => {
      await engine.start(c.definition, { seed: 1 }, 'e')
      const runner = createRunner(store, engine, { act, undo }, { clock, leaseMs: 10_000, pollMs: 900, concurrency: 3 })
      void death.then(() => void runner.stop())
      let view = await runner.runUntilDone('e')
      if (view.state === 'failed' && c.rollback) {
        await engine.rollback('e')
        view = await runner.runUntilDone('e')
      }
      await runner.stop()
      return view
    })()
    life.catch(() => {})
    const end = await clock.until(Promise.race([life, death]))
    if (end !== 'dead') {
      const history = await readHistory(real, 'e')
      const ends = await real.db
        .selectFrom('events')
        .select(['execution', 'task', 'attempt'])
        .where('kind', 'in', ['task-succeeded', 'task-failed'])
        .orderBy('id')
        .execute()
      expect((await listExecutions(real)).filter(e => !e.endedAt)).toEqual([])
      await real.close()
      const acts = (execution: string, task: string): boolean => {
        const top = c.definition.tasks[task]
        return !task.startsWith('~') && (execution !== 'e' || top?.workflow === undefined)
      }
      const mine = ends.filter(e => acts(e.execution, e.task!))
      const isItem = (task: string): boolean => task.includes('[')
      const undoable = new Set<string>()
      for (const e of mine.toReversed()) if (!isItem(e.task!)) undoable.add(`${e.execution}/~${e.task}/1`)
      return {
        view: end,
        history,
        recorded: mine
          .filter(e => isItem(e.task!) || e.execution !== 'e' || itemsOf(c.definition.tasks[e.task!]!) === undefined)
          .map(e => `${e.execution}/${e.task}/${e.attempt}`),
        undoable: [...undoable],
        world,
        deaths,
      }
    }
    deaths++
    await clock.pass(0)
    await real.close()
  }
  throw new Error('unreachable')
}

function check(c: Case, { view, history, recorded, undoable, world }: Played): void {
  const predicted = predict(c)
  const { tasks } = c.definition
  const stops = [...predicted].some(
    ([name, end]) => end.state === 'failed' && targetsOf(tasks[name]!, 'error').length === 0,
  )
  const isRolledBack = stops && c.rollback
  expect(view.state).toBe(isRolledBack ? 'rolled-back' : stops ? 'failed' : 'succeeded')
  expect(world.undone).toEqual(isRolledBack ? undoable : [])

  for (const task of view.tasks) {
    if (task.name.startsWith('~')) continue
    const want = predicted.get(task.name)
    expect(['succeeded', 'failed', 'skipped']).toContain(task.state)
    if (!want) expect(task.state).toBe('skipped')
    else if (!stops) expect([task.name, task.state, task.attempt]).toEqual([task.name, want.state, want.attempt])
    // A stop can cut short what goes on inside of a task.
    else if (tasks[task.name]!['with-items'] !== undefined || tasks[task.name]!.workflow !== undefined) continue
    else if (task.state !== 'skipped' && task.attempt === want.attempt) expect(task.state).toBe(want.state)
  }

  // Each try is recorded once, however often it was carried out or reported, and every try that was sent has its record.
  expect(new Set(recorded).size).toBe(recorded.length)
  expect([...world.acted].sort()).toEqual([...recorded].sort())
  expect(new Set(world.acted).size).toBe(world.acted.length)
  expect(history.filter(e => e.kind === 'execution-started')).toHaveLength(1)
  expect(history.filter(e => e.kind === 'execution-ended')).toHaveLength(isRolledBack ? 2 : 1)

  // Order: a task starts after the final results that lead to it.
  const names = Object.keys(tasks)
  const finalAt = (name: string) =>
    history.findLastIndex(e => e.task === name && (e.kind === 'task-succeeded' || e.kind === 'task-failed'))
  for (const name of names) {
    const startAt = history.findIndex(e => e.task === name && e.kind === 'task-started')
    if (startAt < 0) continue
    const sources = sourcesOf(tasks, name)
    const before = sources.filter(s => {
      const at = finalAt(s)
      const outcome = history[at]?.kind === 'task-succeeded' ? 'success' : 'error'
      return at >= 0 && at < startAt && targetsOf(tasks[s]!, outcome).includes(name)
    })
    expect(before.length).toBeGreaterThanOrEqual(needed(tasks[name]!, sources.length))
  }
}

describe.each(testDialects())('on $dialect $skip', ({ skip, dialect, create }) => {
  if (skip) return test.skip(skip)

  async function inDatabase<T>(work: (options: StoreOptions) => Promise<T>): Promise<T> {
    const database = await create()
    try {
      return await work(database.options)
    } finally {
      await database.remove()
    }
  }

  test(
    'random workflows, outcomes, duplicates and crashes agree with the model',
    async () => {
      await fc.assert(
        fc.asyncProperty(cases, c => inDatabase(async options => check(c, await play(c, options)))),
        { numRuns: dialect === 'sqlite' ? RUNS : Math.ceil(RUNS / 10) },
      )
    },
    180_000 + RUNS * 2000,
  )

  test('a crash at each step of a plan-like workflow: every task acts once, whatever the step', async () => {
    const chain = (lane: number, i: number): [string, TaskDefinition] => [
      `m${lane}-${i}`,
      { action: 'act', 'on-success': [i < 2 ? `m${lane}-${i + 1}` : 'confirm'], retry: { count: 2, delay: 1 } },
    ]
    const moves = [1, 2].flatMap(lane => [1, 2].map(i => chain(lane, i)))
    const definition = {
      name: 'plan',
      tasks: { ...Object.fromEntries(moves), confirm: { action: 'act', join: 'all' } },
    } as const
    const steady: Behaviour = { outcomes: ['success'], later: true, twice: false, takes: 1500 }
    const flaky: Behaviour = { outcomes: ['error', 'success'], later: true, twice: true, takes: 500 }
    const quick: Behaviour = { outcomes: ['success'], later: false, twice: false, takes: 0 }
    const behaviours = {
      ...Object.fromEntries(moves.map(([name]) => [name, steady])),
      'm1-2': flaky,
      confirm: quick,
    }
    let step = 0
    for (let deaths = 1; deaths > 0; step += dialect === 'sqlite' ? 3 : 13) {
      // The second process dies early too: taking over must itself be safe.
      const c = { definition, behaviours, crashes: [step, 2], rollback: false }
      const played = await inDatabase(options => play(c, options))
      check(c, played)
      expect(played.view.state).toBe('succeeded')
      deaths = played.deaths
    }
    expect(step).toBeGreaterThan(35)
  }, 180_000)
})
