import { type Model, solveModel } from '../../solvers/index.ts'
import { renderTuple } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import type { Violable } from './aims.ts'
import { type VmClass, vmClasses } from './classes.ts'
import type { AnswerContext } from './context.ts'
import { type Encoding, encode } from './encode.ts'
import { FALSE, inputsOf, type Literal, linearValue, literalValue, negate, nodeOf, TRUE } from './formula.ts'
import { priorities } from './judge.ts'
import type { Linear } from './linear.ts'
import { isConstant } from './linear.ts'
import { type Problem, prepare } from './problem.ts'
import { quickXplain } from './quick-xplain.ts'
import { stepOf } from './smallest-budget.ts'
import { solverOptions } from './solver-options.ts'
import type { RuleInstance, Unsatisfied, Violation } from './types.ts'
import { readUniverse } from './universe.ts'

/** Violations explained in one answer; the others are named without a conflict. */
const MOST_EXPLAINED = 5
/** Seconds for all explanations together. */
const SECONDS = 15
/** Possible pairs up to which the question is asked with every host open, so that candidates can be part of a conflict. */
const OPEN_PAIRS = 200_000

/**
 * For each violation that stays, a minimal set of rule instances and facts that conflict with mending it: none of them can be left out.
 * Where a cost did not improve at all, the same for the next better cost.
 */
export async function explainUnsatisfied(
  context: AnswerContext,
  violations: readonly Violation[],
): Promise<Unsatisfied[]> {
  const stays = mostSevere(violations)
  const cost = stays.length === 0 ? stuckCost(context) : undefined
  if (stays.length === 0 && !cost) return []
  const question = new Question(context)
  const out: Unsatisfied[] = []
  for (const [i, violation] of stays.entries()) {
    const instance = context.judge.instance(violation, context.host)
    out.push(
      i < MOST_EXPLAINED
        ? await question.violation(violation, instance)
        : { ...instance, conflict: [], note: 'not worked out: there are many' },
    )
  }
  if (cost) out.push(await question.cost(cost.name, cost.level, cost.value))
  return out
}

function mostSevere(violations: readonly Violation[]): Violation[] {
  const errors = violations.filter(v => v.role === 'error')
  return errors.length > 0 ? errors : [...violations]
}

/** The first cost that is no better than before, though some placement could change it. */
function stuckCost({
  problem,
  verdict,
  before,
  host,
}: AnswerContext): { name: string; level: Linear; value: number } | undefined {
  const first = priorities(before, verdict)[0]
  const level = problem.aims.levels.find(l => l.kind === 'cost' && l.priority === first)
  if (first === undefined || !level || isConstant(level.expr)) return undefined
  if ((verdict.costs.get(first) ?? 0) < (before.costs.get(first) ?? 0)) return undefined
  const value = linearValue(level.expr, problem.grounding.store.evaluate(host))
  const [low] = problem.grounding.store.bounds(level.expr)
  return value > low + 1e-9 ? { name: level.name, level: level.expr, value } : undefined
}

interface Constraint {
  readonly literal: Literal
  readonly instance: () => RuleInstance
}

/** Asks "what stands in the way" over a copy of the problem in which candidates are conditions too. */
class Question {
  readonly #context: AnswerContext
  readonly #problem: Problem
  readonly #host: Int32Array
  readonly #truth: Float64Array
  readonly #candidates: Constraint[]
  readonly #deadline = performance.now() + SECONDS * 1000

  constructor(context: AnswerContext) {
    this.#context = context
    const { universe, input } = context.problem
    const open = universe.candidatePlace !== undefined && universe.vms.length * universe.hosts.length <= OPEN_PAIRS
    this.#problem = open
      ? prepare(input, context.present, readUniverse(input.program, input.tables, context.present.view, true))
      : context.problem
    const hosts = universe.hosts.map(h => this.#problem.universe.hostNumber.get(h)!)
    this.#host = Int32Array.from(context.host, h => hosts[h]!)
    this.#candidates = open ? this.#candidateConstraints() : []
    this.#truth = this.#problem.grounding.store.evaluate(this.#host)
  }

  async violation(violation: Violation, instance: RuleInstance): Promise<Unsatisfied> {
    const { aims } = this.#problem
    const own = aims.violables.find(
      v => v.table === violation.table && sameRow(v.row, violation.row) && literalValue(v.literal, this.#truth) === 1,
    )
    if (!own)
      return { ...instance, conflict: [], note: 'its rule does not go to the solver: no migration was looked for' }
    if (own.literal === TRUE) return { ...instance, conflict: [], note: 'it holds in every placement' }
    return { ...instance, ...(await this.#conflict([negate(own.literal)], [], violation.role)) }
  }

  async cost(name: string, level: Linear, value: number): Promise<Unsatisfied> {
    const own = this.#problem.aims.levels.find(l => l.name === name)!.expr
    const atMost = [{ name: 'better', expr: own, limit: value - stepOf(level) }]
    const found = await this.#conflict([], atMost, 'error')
    return { rule: `cost of priority ${name.slice('cost '.length)}`, instance: `it stays at ${value}`, ...found }
  }

  /** A minimal conflict between what is wanted and what holds now. */
  async #conflict(
    wanted: readonly Literal[],
    atMost: readonly { name: string; expr: Linear; limit: number }[],
    role: 'error' | 'warning',
  ): Promise<{ conflict: RuleInstance[]; note?: string }> {
    const { grounding, universe, aims } = this.#problem
    const others = aims.violables.filter(
      v =>
        (v.role === 'error' || role === 'warning') && v.literal !== FALSE && literalValue(v.literal, this.#truth) === 0,
    )
    const constraints = [...this.#candidates, ...this.#related(others, wanted, atMost).map(v => this.#constraintOf(v))]
    const budget = universe.budget
    const encoding = encode(grounding.store, universe, aims, {
      require: [...wanted, ...constraints.map(c => c.literal)],
      atMost,
      budget: budget?.limit,
      objectives: [],
    })
    const count = constraints.length + (budget ? 1 : 0)
    const rows = [...(budget ? [encoding.budgetRow!] : []), ...encoding.requireRows.slice(wanted.length)]
    const infeasible = (subset: readonly number[]): Promise<boolean> => this.#isInfeasible(encoding, rows, subset)
    try {
      if (!(await infeasible(rows.map((_, i) => i))))
        return { conflict: [], note: 'a better placement may exist: this one is not proven' }
      const minimal = count === 0 ? [] : await quickXplain(count, infeasible)
      const conflict = minimal.map(i => {
        if (budget && i === 0) return { rule: `migration_budget ${budget.place}`, instance: `at most ${budget.limit}` }
        return constraints[i - (budget ? 1 : 0)]!.instance()
      })
      return conflict.length > 0
        ? { conflict }
        : { conflict, note: 'no placement of these VMs can do it, whatever else is given up' }
    } catch (error) {
      if (error instanceof OutOfTime) return { conflict: [], note: 'not worked out: it took too long' }
      throw error
    }
  }

  async #isInfeasible(encoding: Encoding, rows: readonly number[], subset: readonly number[]): Promise<boolean> {
    const seconds = (this.#deadline - performance.now()) / 1000
    if (seconds <= 0) throw new OutOfTime()
    const solution = await solveModel(
      withRows(encoding.model, rows, new Set(subset)),
      solverOptions(this.#context.options, seconds),
    )
    if (solution.status === 'none') throw new OutOfTime()
    return solution.status === 'infeasible'
  }

  /** Violables that share a VM, however indirectly, with what is wanted; the others can't be part of a minimal conflict. */
  #related(
    others: readonly Violable[],
    wanted: readonly Literal[],
    atMost: readonly { expr: Linear }[],
  ): readonly Violable[] {
    const vmsOf = new VmsOfNode(this.#problem)
    const reached = new Set<number>()
    for (const l of wanted) for (const vm of vmsOf.of(nodeOf(l))) reached.add(vm)
    for (const { expr } of atMost) for (const n of expr.nodes) for (const vm of vmsOf.of(n)) reached.add(vm)
    let rest = [...others]
    const related: Violable[] = []
    for (let progress = true; progress; ) {
      progress = false
      rest = rest.filter(v => {
        const vms = vmsOf.of(nodeOf(v.literal))
        if (![...vms].some(vm => reached.has(vm))) return true
        for (const vm of vms) reached.add(vm)
        related.push(v)
        progress = true
        return false
      })
    }
    return related
  }

  #constraintOf(v: Violable): Constraint {
    const { program } = this.#problem.judge
    return {
      literal: negate(v.literal),
      instance: () => {
        const rule = program.rules[v.rules[0]!]!
        return { rule: `${v.role} ${rule.span.file}:${rule.span.line}`, instance: renderTuple(program, v.table, v.row) }
      },
    }
  }

  /**
   * "These VMs may be on these hosts only": one for each class of VMs that the policy does not tell apart, and a single one for all VMs
   * that may not leave their hosts, which are many wherever a policy narrows candidates down.
   */
  #candidateConstraints(): Constraint[] {
    const closed = this.#context.problem
    const roots = closed.aims.levels.map(l => ({ expr: l.expr, minimised: false }))
    const classes = vmClasses(closed.grounding.store, roots, closed.universe)
    const settled = classes.filter(c => c.hosts.length === 1).flatMap(c => c.members)
    const constraints = classes
      .filter(c => c.hosts.length > 1)
      .map(c => ({ literal: this.#staysWithinCandidates(c.members), instance: () => candidateInstance(closed, c) }))
    constraints.unshift({
      literal: this.#staysWithinCandidates(settled),
      instance: () => settledInstance(closed, settled),
    })
    return constraints.filter(c => c.literal !== TRUE)
  }

  #staysWithinCandidates(vms: readonly number[]): Literal {
    const closed = this.#context.problem.universe
    const { universe, grounding } = this.#problem
    const shut: Literal[] = []
    for (const vm of vms) {
      const allowed = new Set(closed.hostsOf[vm]!.map(h => universe.hostNumber.get(closed.hosts[h]!)!))
      for (const h of universe.hostsOf[vm]!) if (!allowed.has(h)) shut.push(negate(grounding.store.atom(vm, h)))
    }
    return grounding.store.and(shut)
  }
}

class OutOfTime extends Error {}

function candidateInstance({ universe }: Problem, c: VmClass): RuleInstance {
  return {
    rule: `candidate ${universe.candidatePlace}`,
    instance: `${some(c.members.map(vm => universe.vms[vm]!))} may be on ${some(c.hosts.map(h => universe.hosts[h]!))} only`,
  }
}

function settledInstance({ universe }: Problem, vms: readonly number[]): RuleInstance {
  return {
    rule: `candidate ${universe.candidatePlace}`,
    instance: `${some(vms.map(vm => universe.vms[vm]!))} may not leave ${vms.length === 1 ? 'its host' : 'their hosts'}`,
  }
}

/** A list that stays readable: `a, b, c and 209 more`. */
function some(values: readonly Value[]): string {
  return values.length > 4 ? `${values.slice(0, 3).join(', ')} and ${values.length - 3} more` : values.join(', ')
}

/** VMs that a condition depends on, by node, each worked out once. */
class VmsOfNode {
  readonly #problem: Problem
  readonly #known = new Map<number, ReadonlySet<number>>()

  constructor(problem: Problem) {
    this.#problem = problem
  }

  of(n: number): ReadonlySet<number> {
    const known = this.#known.get(n)
    if (known) return known
    const node = this.#problem.grounding.store.nodes[n]!
    const vms = new Set<number>()
    if (node.kind === 'atom') vms.add(node.vm)
    else for (const inner of inputsOf(node)) for (const vm of this.of(inner)) vms.add(vm)
    this.#known.set(n, vms)
    return vms
  }
}

/** The model with the bounds of some rows lifted. */
function withRows(model: Model, rows: readonly number[], active: ReadonlySet<number>): Model {
  const lower = Float64Array.from(model.rows.lower)
  const upper = Float64Array.from(model.rows.upper)
  rows.forEach((row, i) => {
    if (active.has(i)) return
    lower[row] = Number.NEGATIVE_INFINITY
    upper[row] = Number.POSITIVE_INFINITY
  })
  // Methods of the rows stay bound to the model they came from.
  const { count, rowStart, entryColumn, entryValue } = model.rows
  return {
    ...model,
    rows: {
      count,
      rowStart,
      entryColumn,
      entryValue,
      lower,
      upper,
      name: r => model.rows.name(r),
      comment: r => model.rows.comment(r),
    },
  }
}

const sameRow = (pattern: readonly (Value | undefined)[], row: readonly Value[]): boolean =>
  pattern.every((v, i) => v === undefined || v === row[i])
