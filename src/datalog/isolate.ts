import type { Diagnostic } from '../diagnostic/index.ts'
import type { CoreRule, Program } from '../language/index.ts'
import type { Delta, TableData } from '../tables/index.ts'
import { createMeteredEvaluator } from './evaluator.ts'
import { LimitError } from './limits.ts'
import { tablesRead } from './rules.ts'
import type {
  Absence,
  Changes,
  Derivation,
  Evaluator,
  EvaluatorOptions,
  IsolatedEvaluator,
  QueryAnswer,
  RuleProfile,
  StoppedPolicy,
  Tuple,
  View,
} from './types.ts'

/**
 * An evaluator whose limits are those of each policy, and whose policies do not stop each other. When a policy reaches a limit in `load`,
 * `apply` or `changeRules`, the call goes on without its rules: their tables are empty, and `stopped` says why. Suppositions and queries
 * throw at a limit as ever, since they leave nothing behind.
 */
export function createIsolatedEvaluator(program: Program, options: EvaluatorOptions = {}): IsolatedEvaluator {
  return new PolicyIsolation(program, options)
}

class PolicyIsolation implements IsolatedEvaluator {
  readonly #options: EvaluatorOptions
  #program: Program
  #inner: Evaluator
  /** What stopped each policy. */
  #stopped: ReadonlyMap<string, LimitError> = new Map()
  #isLoaded = false
  readonly view: View

  constructor(program: Program, options: EvaluatorOptions) {
    this.#program = program
    this.#options = options
    this.#inner = createMeteredEvaluator(program, options)
    this.view = {
      rows: table => this.#inner.view.rows(table),
      each: (table, visit) => this.#inner.view.each(table, visit),
      matching: (table, columns, values) => this.#inner.view.matching(table, columns, values),
      has: (table, row) => this.#inner.view.has(table, row),
      count: table => this.#inner.view.count(table),
      encoded: table => this.#inner.view.encoded(table),
    }
  }

  get stopped(): readonly StoppedPolicy[] {
    const { dropped } = without(this.#program, this.#stopped)
    return [...this.#stopped].map(([policy, error]) => ({ policy, diagnostic: describe(policy, error, dropped) }))
  }

  get profile(): readonly RuleProfile[] {
    return this.#inner.profile
  }

  get warnings(): readonly Diagnostic[] {
    return this.#inner.warnings
  }

  load(tables: Iterable<TableData>): void {
    const loaded = [...tables]
    if (this.#isLoaded) {
      this.#surviving(() => {
        this.#inner.load(loaded)
        return new Map()
      })
      return
    }
    // There is no state yet that rules could be taken out of: begin anew without them.
    for (let stopped = this.#stopped; ; ) {
      const inner = createMeteredEvaluator(without(this.#program, stopped).program, this.#options)
      try {
        inner.load(loaded)
      } catch (error) {
        stopped = withStopped(stopped, error)
        continue
      }
      this.#inner = inner
      this.#stopped = stopped
      this.#isLoaded = true
      return
    }
  }

  apply(deltas: readonly Delta[]): Changes {
    this.#ready()
    return this.#surviving(() => this.#inner.apply(deltas))
  }

  changeRules(program: Program): Changes {
    this.#ready()
    const same = policyTexts(this.#program)
    const texts = policyTexts(program)
    const still = [...this.#stopped].filter(([policy]) => same.get(policy) === texts.get(policy))
    return this.#change(program, new Map(still))
  }

  resume(policy: string): Changes {
    this.#ready()
    return this.#change(this.#program, new Map([...this.#stopped].filter(([name]) => name !== policy)))
  }

  whatIf<T>(deltas: readonly Delta[], read: (view: View, changes: Changes) => T): T {
    this.#ready()
    return this.#inner.whatIf(deltas, read)
  }

  whatIfRules<T>(program: Program, read: (view: View, changes: Changes) => T): T {
    this.#ready()
    return this.#inner.whatIfRules(without(program, this.#stopped).program, read)
  }

  prepare(): boolean {
    this.#ready()
    return this.#inner.prepare()
  }

  query(text: string, policy?: string): QueryAnswer {
    this.#ready()
    return this.#inner.query(text, policy)
  }

  explain(tuple: Tuple): Derivation | undefined {
    this.#ready()
    return this.#inner.explain(tuple)
  }

  explainAbsent(tuple: Tuple): Absence {
    this.#ready()
    return this.#inner.explainAbsent(tuple)
  }

  #ready(): void {
    if (!this.#isLoaded) this.load([])
  }

  /** Do it, if need be without the policies that reach a limit in it. */
  #surviving(work: () => Changes): Changes {
    let changes: Changes = new Map()
    for (;;) {
      try {
        return followed(changes, work())
      } catch (error) {
        changes = followed(changes, this.#change(this.#program, withStopped(this.#stopped, error)))
      }
    }
  }

  /** Put a program in place without the stopped policies, and without those that reach a limit in this. */
  #change(program: Program, stopped: ReadonlyMap<string, LimitError>): Changes {
    for (let out = stopped; ; ) {
      try {
        const changes = this.#inner.changeRules(without(program, out).program)
        this.#program = program
        this.#stopped = out
        return changes
      } catch (error) {
        out = withStopped(out, error)
      }
    }
  }
}

/** Rethrows what stops no policy. */
function withStopped(stopped: ReadonlyMap<string, LimitError>, error: unknown): ReadonlyMap<string, LimitError> {
  if (!(error instanceof LimitError) || !error.rule || stopped.has(error.rule.policy)) throw error
  return new Map([...stopped, [error.rule.policy, error]])
}

/**
 * The program without the rules of stopped policies, and without those whose answers could be wrong for it: a table that misses rows, or
 * may miss some because a rule of its own reads such a table, is read as it is by rules that only ask what is in it, so that all they
 * derive does hold; rules that read it under `not` or in an aggregate are dropped.
 */
function without(
  program: Program,
  stopped: ReadonlyMap<string, unknown>,
): { readonly program: Program; readonly dropped: readonly CoreRule[] } {
  if (stopped.size === 0) return { program, dropped: [] }
  const partial = new Set(program.rules.filter(r => stopped.has(r.policy)).map(r => r.head.table))
  const reads = program.rules.map(rule => ({ rule, tables: [...tablesRead(rule.body)] }))
  for (let size = -1; size !== partial.size; ) {
    size = partial.size
    for (const { rule, tables } of reads) if (tables.some(t => partial.has(t.table))) partial.add(rule.head.table)
  }
  const dropped = reads
    .filter(({ rule, tables }) => !stopped.has(rule.policy) && tables.some(t => t.negative && partial.has(t.table)))
    .map(({ rule }) => rule)
  const out = new Set(dropped)
  return { program: { ...program, rules: program.rules.filter(r => !stopped.has(r.policy) && !out.has(r)) }, dropped }
}

function describe(policy: string, error: LimitError, dropped: readonly CoreRule[]): Diagnostic {
  const [cause] = error.diagnostics
  return {
    code: 'datalog/policy-stopped',
    severity: 'error',
    message: `policy \`${policy}\` is not evaluated: ${cause!.message}`,
    ...(cause!.span && { span: cause!.span }),
    help: 'join the rule on more columns, or raise the limit; the policy is tried again when its rules change',
    ...(dropped.length > 0 && {
      notes: dropped.map(rule => ({
        message: `nor is this rule of \`${rule.policy}\`, which asks what a stopped policy does not derive`,
        span: rule.span,
      })),
    }),
  }
}

/** What a policy says, to see whether it says something else now. */
function policyTexts(program: Program): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { policy, text } of program.rules) texts.set(policy, `${texts.get(policy) ?? ''}${text}\n`)
  return texts
}

/** Two changes one after the other, as one: a row that came and went again is in neither list. */
function followed(first: Changes, second: Changes): Changes {
  if (first.size === 0) return second
  const all = new Map(first)
  for (const [table, { inserted, removed }] of second) {
    const before = first.get(table) ?? { inserted: [], removed: [] }
    const lost = keysOf(before.removed)
    const won = keysOf(before.inserted)
    const back = keysOf(inserted)
    const gone = keysOf(removed)
    const change = {
      inserted: [
        ...before.inserted.filter(r => !gone.has(JSON.stringify(r))),
        ...inserted.filter(r => !lost.has(JSON.stringify(r))),
      ],
      removed: [
        ...before.removed.filter(r => !back.has(JSON.stringify(r))),
        ...removed.filter(r => !won.has(JSON.stringify(r))),
      ],
    }
    if (change.inserted.length + change.removed.length > 0) all.set(table, change)
    else all.delete(table)
  }
  return all
}

function keysOf(rows: readonly unknown[]): ReadonlySet<string> {
  return new Set(rows.map(r => JSON.stringify(r)))
}
