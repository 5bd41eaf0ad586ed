import { type Diagnostic, DiagnosticError, fail, nearestName, type Span } from '../diagnostic/index.ts'
import { type AtomAst, checkQuery, type Program } from '../language/index.ts'
import type { Delta, Row } from '../tables/index.ts'
import { tablesRead } from './rules.ts'
import { RuleEdits } from './simulate-rules.ts'
import { constantsOf, firstAnswer, readSequence, type Step, tupleOf } from './simulate-sequence.ts'
import type { Changes, Evaluator, QueryAnswer, Tuple } from './types.ts'

/** What to ask, and what to suppose before. */
export interface Simulation {
  /** `p+(1) q-(2) act(3)`: changes and actions, done in this order. */
  readonly sequence: string
  /** Literals, as in the body of a rule. */
  readonly query: string
  /** Names are read as inside this policy (default: the first). */
  readonly policy?: string
  /** Do each row change by itself, so that `steps` tells what it did; else those in a row are done at once. */
  readonly trace?: boolean
}

/** One step that was done: the rows it put in and took out, and what followed in the watched tables. */
export interface SimulatedStep {
  readonly text: string
  readonly inserted: readonly Tuple[]
  readonly removed: readonly Tuple[]
  readonly changes: Changes
}

export interface SimulationAnswer {
  readonly before: QueryAnswer
  readonly after: QueryAnswer
  /** Rows of `after` that `before` has not, and the other way round. */
  readonly inserted: readonly Row[]
  readonly removed: readonly Row[]
  readonly steps: readonly SimulatedStep[]
}

/**
 * Answer a query as it would be after a sequence of changes, without making them (Congress's `simulate`).
 *
 * A step `p+(…)` or `p-(…)` puts a row in or takes one out, a fact of a policy too; with a body it adds or removes a rule. Any other
 * step is an action: its row is supposed, the rows of all `insert[…]` and `delete[…]` tables are read then, and done (where both name a
 * row, it ends up in). Rows of tables called `result` are kept for the body of the next action, whose first answer gives its
 * arguments; an action whose body has no answer is left out. Where the asked policy has no such table, another's is read.
 *
 * Costs what the changes cost, since the evaluator supposes them one inside the other; a step that changes rules makes it suppose
 * another program. The evaluator is as before afterwards, whatever is thrown.
 */
export function simulate(evaluator: Evaluator, program: Program, request: Simulation): SimulationAnswer {
  const policy = request.policy ?? program.policies[0]?.name ?? ''
  const written = readSequence(request.sequence, program, policy)
  const steps = request.trace ? written : merged(written)
  const tooFar = steps[MOST_STEPS]
  if (tooFar)
    fail('datalog/long-sequence', `a simulation takes at most ${MOST_STEPS} steps, and here are ${steps.length}`, {
      span: tooFar.span,
      help: 'simulate the first part, apply it to the data, and go on from there',
    })
  // A query of tables that only rules of the sequence define has no answer before them.
  const definesTables = steps.some(step => step.kind === 'rule' && step.insert)
  const now = definesTables ? undefined : evaluator.query(request.query, request.policy)
  const run = new Run(evaluator, request, policy)
  const after = run.from(steps, 0, new RuleEdits(program), [])
  const before = now ?? answerBefore(evaluator, request, after)
  const texts = (answer: QueryAnswer) => new Set(answer.rows.map(row => JSON.stringify(row)))
  const [had, has] = [texts(before), texts(after)]
  return {
    before,
    after,
    inserted: after.rows.filter(row => !had.has(JSON.stringify(row))),
    removed: before.rows.filter(row => !has.has(JSON.stringify(row))),
    steps: run.steps,
  }
}

function answerBefore(evaluator: Evaluator, { query, policy }: Simulation, after: QueryAnswer): QueryAnswer {
  try {
    return evaluator.query(query, policy)
  } catch (error) {
    if (error instanceof DiagnosticError) return { columns: after.columns, rows: [] }
    throw error
  }
}

/** Steps are suppositions one inside the other: this many fit the call stack. */
const MOST_STEPS = 500

/** Row changes that follow each other as one step; the last word on a row counts. */
function merged(steps: readonly Step[]): Step[] {
  const result: Step[] = []
  for (let i = 0; i < steps.length; i++) {
    const first = steps[i]!
    if (first.kind !== 'row') {
      result.push(first)
      continue
    }
    const words = new Map<string, { readonly tuple: Tuple; readonly comes: boolean }>()
    const texts: string[] = []
    for (let step: Step | undefined = first; step?.kind === 'row'; step = steps[++i]) {
      texts.push(step.text)
      for (const tuple of step.inserted) words.set(tupleKey(tuple), { tuple, comes: true })
      for (const tuple of step.removed) words.set(tupleKey(tuple), { tuple, comes: false })
    }
    i--
    const part = (comes: boolean) => [...words.values()].flatMap(w => (w.comes === comes ? [w.tuple] : []))
    result.push({ ...first, text: texts.join(' '), inserted: part(true), removed: part(false) })
  }
  return result
}

class Run {
  readonly #evaluator: Evaluator
  readonly #request: Simulation
  readonly #policy: string
  readonly steps: SimulatedStep[] = []

  constructor(evaluator: Evaluator, request: Simulation, policy: string) {
    this.#evaluator = evaluator
    this.#request = request
    this.#policy = policy
  }

  /** Do the steps from the `i`-th on, each inside the supposition of those before it, and ask. */
  from(steps: readonly Step[], i: number, edits: RuleEdits, results: readonly Tuple[]): QueryAnswer {
    const step = steps[i]
    if (!step) return this.#evaluator.query(this.#request.query, this.#request.policy)
    const next = (changed: RuleEdits, given = results) => this.from(steps, i + 1, changed, given)
    switch (step.kind) {
      case 'row': {
        const { text, inserted, removed } = step
        for (const tuple of [...inserted, ...removed]) this.#checkKnown(tuple, step, edits.program)
        return this.#rows(text, inserted, removed, edits, next)
      }
      case 'rule': {
        const changed = edits.copy()
        if (step.insert) changed.add(step.policy, step.rule, step.span)
        else changed.remove(step.policy, step.rule, step.span)
        return this.#underRules(step.text, changed, () => next(changed))
      }
      case 'action':
        return this.#action(step, edits, results, next)
    }
  }

  #rows(
    text: string,
    inserted: readonly Tuple[],
    removed: readonly Tuple[],
    edits: RuleEdits,
    next: (edits: RuleEdits) => QueryAnswer,
  ): QueryAnswer {
    const withoutFacts = edits.copy()
    const facts = removed.filter(tuple => withoutFacts.removeFact(tuple))
    const suppose = (rules: RuleEdits) =>
      this.#evaluator.whatIf(deltasOf(inserted, removed), (_, changes) => {
        this.steps.push({ text, inserted, removed, changes })
        return next(rules)
      })
    if (facts.length === 0) return suppose(edits)
    return this.#evaluator.whatIfRules(withoutFacts.program, () => suppose(withoutFacts))
  }

  #underRules(text: string, edits: RuleEdits, next: () => QueryAnswer): QueryAnswer {
    return this.#evaluator.whatIfRules(edits.program, (_, changes) => {
      this.steps.push({ text, inserted: [], removed: [], changes })
      return next()
    })
  }

  #action(
    step: Extract<Step, { kind: 'action' }>,
    edits: RuleEdits,
    results: readonly Tuple[],
    next: (edits: RuleEdits, results: readonly Tuple[]) => QueryAnswer,
  ): QueryAnswer {
    const { program } = edits
    const calls = this.#calls(step, program, results)
    if (!calls) return next(edits, results)
    const effects = [...program.tables.values()].flatMap(t => effectOf(t.name) ?? [])
    const found = this.#evaluator.whatIf(deltasOf(calls, []), view => {
      const tuples = (kind: Effect['kind']) =>
        effects
          .filter(e => e.kind === kind && program.tables.has(e.table))
          .flatMap(e => view.rows(e.name).map((row): Tuple => ({ table: e.table, row })))
      const inserted = tuples('insert')
      const stays = new Set(inserted.map(tupleKey))
      const resultTables = [...program.tables.values()].filter(t => t.kind === 'derived' && t.display === 'result')
      return {
        inserted,
        removed: tuples('delete').filter(tuple => !stays.has(tupleKey(tuple))),
        results: resultTables.flatMap(({ name }) => view.rows(name).map((row): Tuple => ({ table: name, row }))),
      }
    })
    return this.#rows(step.text, found.inserted, found.removed, edits, changed => next(changed, found.results))
  }

  /** The rows an action stands for; undefined when its body has no answer. */
  #calls(
    { heads, body, span }: Extract<Step, { kind: 'action' }>,
    program: Program,
    results: readonly Tuple[],
  ): Tuple[] | undefined {
    const call = (values: Parameters<typeof constantsOf>[1]) =>
      heads.map(atom => {
        const tuple = tupleOf(atom, program, this.#policy, constantsOf(atom, values))
        checkAction(atom, tuple, program)
        return tuple
      })
    if (body === undefined) return call(new Map())
    const reader = this.#readerOf(body, program, span)
    const { columns, rows } = this.#evaluator.whatIf(deltasOf(results, []), () => this.#evaluator.query(body, reader))
    const values = firstAnswer(columns, rows)
    return values && call(values)
  }

  /** The policy inside which a body reads its names: the one asked, else one that has what the body reads, such as `result`. */
  #readerOf(body: string, program: Program, span: Span): string {
    const others = program.policies.map(p => p.name).filter(name => name !== this.#policy)
    let refusal: readonly Diagnostic[] = []
    for (const reader of [this.#policy, ...others]) {
      const { diagnostics } = checkQuery(body, program, reader)
      const wrong = diagnostics.filter(d => d.severity === 'error' || d.code === 'language/unknown-table')
      if (wrong.length === 0) return reader
      if (reader === this.#policy) refusal = wrong
    }
    throw new DiagnosticError(refusal.map(d => ({ ...d, severity: 'error', span })))
  }

  #checkKnown({ table }: Tuple, { span }: Step, program: Program): void {
    if (program.tables.has(table)) return
    const near = nearestName(table, program.tables.keys())
    fail('datalog/unknown-table', `table \`${table}\` is not known`, {
      span,
      help: near ? `did you mean \`${near}\`?` : "use the table's full name, `module:table`",
    })
  }
}

interface Effect {
  readonly kind: 'insert' | 'delete'
  /** The table of the effects, `insert[m:p]`, and the one they happen to, `m:p`. */
  readonly name: string
  readonly table: string
}

function effectOf(name: string): Effect | undefined {
  const [, kind, table] = /^(insert|delete)\[(.*)\]$/s.exec(name) ?? []
  return kind === undefined ? undefined : { kind: kind as Effect['kind'], name, table: table! }
}

/** An action is a table that some `insert[…]` or `delete[…]` rule reads, directly or through others. */
function checkAction(atom: AtomAst, { table }: Tuple, program: Program): void {
  const actions = actionTables(program)
  if (actions.has(table)) return
  const near = nearestName(table, actions)
  fail('datalog/unknown-action', `nothing tells what \`${table}\` does`, {
    span: atom.span,
    help: near
      ? `did you mean \`${near}\`?`
      : `describe it: \`insert[p(x)] :- ${table}(x)\`; or write \`${table}+(…)\` to insert a row`,
  })
}

function actionTables(program: Program): Set<string> {
  const found = new Set<string>()
  const waiting = [...program.tables.keys()].filter(name => effectOf(name))
  for (let table = waiting.pop(); table !== undefined; table = waiting.pop())
    for (const rule of program.rules)
      if (rule.head.table === table)
        for (const read of tablesRead(rule.body))
          if (!found.has(read.table)) {
            found.add(read.table)
            waiting.push(read.table)
          }
  return found
}

function deltasOf(inserted: readonly Tuple[], removed: readonly Tuple[]): Delta[] {
  const deltas = new Map<string, { inserted: Row[]; removed: Row[] }>()
  const of = (table: string) => {
    const delta = deltas.get(table) ?? { inserted: [], removed: [] }
    deltas.set(table, delta)
    return delta
  }
  for (const { table, row } of inserted) of(table).inserted.push(row)
  for (const { table, row } of removed) of(table).removed.push(row)
  return [...deltas].map(([table, delta]) => ({ table, ...delta }))
}

function tupleKey({ table, row }: Tuple): string {
  return `${table} ${JSON.stringify(row)}`
}
