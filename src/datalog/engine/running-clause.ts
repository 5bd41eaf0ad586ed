import type { Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import { type CompileContext, type CompiledClause, compileClause, type Variant } from './compile.ts'
import type { Group } from './group.ts'
import type { Clause } from './lower.ts'

/** A clause with the functions compiled for it so far. */
export class RunningClause {
  readonly clause: Clause
  readonly #context: CompileContext
  /** By kind of variant, then by the literal it follows. */
  readonly #compiled = new Map<Variant['kind'], CompiledClause[]>()

  constructor(clause: Clause, context: CompileContext) {
    this.clause = clause
    this.#context = context
  }

  /** Run a variant, compiled at its first run; `at` is 0 where a variant follows no literal. */
  run(kind: Variant['kind'], at: number, list: Int32Array | null, from: number, to: number): boolean {
    const known = this.#compiled.get(kind)?.[at]
    const { run: f } = known && (kind !== 'full' || known.holds()) ? known : this.#compile(kind, at)
    const guard = this.#context.guard()
    const { origin } = this.clause
    guard.rule = origin
    return guard.profile ? guard.profile.measure(origin, guard, () => f(list, from, to)) : f(list, from, to)
  }

  /** Do the work of this clause some other way, under its name. */
  instead(work: (guard: Guard) => void): void {
    const guard = this.#context.guard()
    const { origin } = this.clause
    guard.rule = origin
    if (guard.profile) guard.profile.measure(origin, guard, () => work(guard))
    else work(guard)
  }

  /** Compile variants before they are run, and so make the indexes they use. */
  prepare(kinds: readonly Variant['kind'][], at: number): void {
    for (const kind of kinds) if (!this.#compiled.get(kind)?.[at]) this.#compile(kind, at)
  }

  /** Compile anew when next run: tables have other sizes now. */
  forgetPlans(): void {
    this.#compiled.clear()
  }

  #compile(kind: Variant['kind'], at: number): CompiledClause {
    const variant: Variant = kind === 'full' || kind === 'derive' ? { kind } : { kind, at }
    const f = compileClause(this.clause, variant, this.#context)
    const list = this.#compiled.get(kind) ?? []
    list[at] = f
    this.#compiled.set(kind, list)
    return f
  }
}

/** A literal of a clause whose changes the clause follows, and what changes. */
export interface Trigger {
  readonly clause: RunningClause
  readonly at: number
  readonly source: Relation | Group
}
