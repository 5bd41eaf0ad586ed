import type { CoreExpr, CoreLiteral, CoreRule, CoreTerm, Program, TableInfo } from '../language/index.ts'
import type { Analysis } from './analysis.ts'
import { variable } from './core-terms.ts'
import { LOCATION } from './decision.ts'
import type { JudgeProgram } from './judge-program.ts'
import { ownTableInfo } from './own-table.ts'
import type { SplitBody, Step } from './split-body.ts'
import { strataOf } from './strata.ts'

/**
 * A Datalog program whose tables list everything that could become a condition: for each delegated rule the bindings of its fixed part
 * joined with what is possible at all. The evaluator computes it; ground.ts reads it. "Possible" tables hold the keys of
 * decision-dependent tables that some placement could make true, starting from the hosts each VM may be on.
 */
export interface GroundProgram {
  readonly program: Program
  /** By rule id of the judge program. */
  readonly bodies: ReadonlyMap<number, GroundBody>
  /** Data table to be loaded: the possible (vm, host) pairs. */
  readonly possibleLocation: string
}

export interface GroundBody {
  /** The table that lists the bindings. */
  readonly table: string
  /** The variable that each column of `table` holds. */
  readonly columns: readonly number[]
  readonly steps: readonly GroundStep[]
}

export type GroundStep =
  | Exclude<Step, { kind: 'aggregate' }>
  | {
      readonly kind: 'aggregate'
      readonly literal: Extract<Step, { kind: 'aggregate' }>['literal']
      /** What each binding contributes. */
      readonly value: CoreExpr | undefined
      /** Instead of `value`: the body's bindings with what each contributes; those whose arithmetic fails are not in it. */
      readonly valueTable: string | undefined
      readonly body: GroundBody
    }

const possible = (table: string): string => `~possible:${table}`

export function groundProgram(judge: JudgeProgram, analysis: Analysis): GroundProgram {
  const builder = new Builder(judge, analysis)
  const bodies = new Map<number, GroundBody>()
  for (const rule of judge.program.rules) {
    const split = analysis.delegated.get(rule.id)
    if (split) bodies.set(rule.id, builder.addRule(rule, split))
    else if (!judge.decision.has(rule.head.table)) builder.rules.push(rule)
  }
  // What came of one rule goes by the rule's id, so that a limit is that of the rule.
  const rules = builder.rules.map((rule, id) => ({ ...rule, id, policy: String(rule.id) }))
  const program = { ...judge.program, rules, tables: builder.tables, strata: strataOf(rules) }
  return { program, bodies, possibleLocation: possible(LOCATION) }
}

class Builder {
  readonly rules: CoreRule[] = []
  readonly tables: Map<string, TableInfo>
  readonly #analysis: Analysis

  constructor(judge: JudgeProgram, analysis: Analysis) {
    this.#analysis = analysis
    this.tables = new Map([...judge.program.tables].filter(([name]) => !judge.decision.has(name)))
    this.#declare(possible(LOCATION), 2, 'data')
    for (const table of analysis.tables) this.#declare(possible(table), this.#keyColumns(table).length, 'derived')
  }

  addRule(rule: CoreRule, split: SplitBody): GroundBody {
    const variables = [...rule.variables]
    const body = this.#addBody(rule, `${rule.id}`, split, [], undefined, variables)
    const { table } = rule.head
    this.#emit(
      rule,
      possible(table),
      this.#keyColumns(table).map(i => rule.head.args[i]!),
      [atom(rule, body.table, body.columns.map(variable))],
      variables,
    )
    return body
  }

  #addBody(
    rule: CoreRule,
    name: string,
    split: SplitBody,
    groupBy: readonly number[],
    seed: CoreLiteral | undefined,
    variables: string[],
  ): GroundBody {
    const fixed: CoreLiteral[] = seed ? [seed] : []
    fixed.push(...split.fixed)
    const hoisted: number[] = []
    // Fixed parts of expressions are computed by the evaluator, with its own arithmetic; a variable carries each into the table.
    const hoist = (expr: CoreExpr): CoreExpr => {
      if (expr.kind !== 'call') return expr
      if (isFixed(expr, split)) {
        const index = variables.push('_') - 1
        hoisted.push(index)
        fixed.push({
          kind: 'compare',
          operator: '=',
          negated: false,
          left: variable(index),
          right: expr,
          span: rule.span,
        })
        return variable(index)
      }
      return { ...expr, args: expr.args.map(hoist) }
    }
    const aggregates: (Step & { kind: 'aggregate' })[] = []
    const steps = split.steps.map((step): GroundStep | null => {
      if (step.kind === 'aggregate') {
        aggregates.push(step)
        return null
      }
      if (step.kind === 'bind') return { ...step, expr: hoist(step.expr) }
      if (step.kind === 'compare') {
        const { literal } = step
        return { ...step, literal: { ...literal, left: hoist(literal.left), right: hoist(literal.right) } }
      }
      if (!step.literal.negated) fixed.push(this.#possibleAtom(step.literal))
      return step
    })
    const table = `~ground:${name}`
    const columns = [...groupBy, ...split.fixedVariables, ...hoisted]
    this.#emit(rule, table, columns.map(variable), fixed, variables)
    const inner = aggregates.map((step, i) =>
      this.#addAggregate(rule, `${name}.${i}`, step, atom(rule, table, columns.map(variable)), variables),
    )
    return { table, columns, steps: steps.map(step => step ?? inner.shift()!) }
  }

  #addAggregate(
    rule: CoreRule,
    name: string,
    step: Step & { kind: 'aggregate' },
    outer: CoreLiteral,
    variables: string[],
  ): GroundStep {
    const { literal } = step
    const groups = `~groups:${name}`
    this.#emit(rule, groups, literal.groupBy.map(variable), [outer], variables)
    const seed = atom(rule, groups, literal.groupBy.map(variable))
    const body = this.#addBody(rule, name, step.body, literal.groupBy, seed, variables)
    const { value } = literal
    if (value?.kind !== 'call' || !isFixed(value, step.body))
      return { kind: 'aggregate', literal, value, valueTable: undefined, body }
    const result = variable(variables.push('_') - 1)
    const { span } = literal
    const compute: CoreLiteral = { kind: 'compare', operator: '=', negated: false, left: result, right: value, span }
    const valueTable = `~value:${name}`
    const bindings = body.columns.map(variable)
    this.#emit(rule, valueTable, [...bindings, result], [atom(rule, body.table, bindings), compute], variables)
    return { kind: 'aggregate', literal, value: undefined, valueTable, body }
  }

  #possibleAtom(literal: CoreLiteral & { kind: 'atom' }): CoreLiteral {
    if (literal.table === LOCATION) return { ...literal, table: possible(LOCATION) }
    return {
      ...literal,
      table: possible(literal.table),
      args: this.#keyColumns(literal.table).map(i => literal.args[i]!),
    }
  }

  #keyColumns(table: string): number[] {
    const kinds = this.#analysis.columns.get(table) ?? []
    return kinds.flatMap((kind, i) => (kind === 'fixed' ? [i] : []))
  }

  #emit(
    rule: CoreRule,
    table: string,
    args: readonly CoreTerm[],
    body: readonly CoreLiteral[],
    variables: string[],
  ): void {
    if (!this.tables.has(table)) this.#declare(table, args.length, 'derived')
    // INVARIANT: `variables` keeps growing while a rule's bodies are added; rules share it, indices never change.
    this.rules.push({ ...rule, modal: undefined, head: { table, args, span: rule.head.span }, body, variables })
  }

  #declare(name: string, arity: number, kind: TableInfo['kind']): void {
    this.tables.set(name, ownTableInfo(name, arity, kind))
  }
}

const atom = (rule: CoreRule, table: string, args: readonly CoreTerm[]): CoreLiteral => ({
  kind: 'atom',
  table,
  args,
  negated: false,
  span: rule.span,
})

function isFixed(expr: CoreExpr, split: SplitBody): boolean {
  if (expr.kind === 'variable') return (split.kinds.get(expr.index) ?? 'fixed') === 'fixed'
  return expr.kind === 'constant' || expr.args.every(arg => isFixed(arg, split))
}
