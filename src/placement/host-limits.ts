import type {
  AggregateLiteral,
  AtomLiteral,
  CompareLiteral,
  CoreExpr,
  CoreLiteral,
  CoreRule,
  CoreTerm,
} from '../language/index.ts'
import { type Analysis, groupRules } from './analysis.ts'
import { call, variable } from './core-terms.ts'
import { LOCATION } from './decision.ts'
import { inlineTables } from './inline-tables.ts'
import type { JudgeProgram } from './judge-program.ts'
import { literalVariables, RefusalError, type SplitBody, splitBody, variablesOf } from './split-body.ts'

/** The VMs that needs are asked for. */
export const ASKED = '~asked'

/**
 * A limit that a rule for errors sets on what the VMs of one host take together, for each key: `capacity(h, r, c), u = sum q :
 * { nova:location(v, h), requirement(v, r, q) }, u > c` has the key r. Two rules say what the limit's numbers are, without any placement.
 */
export interface HostLimit {
  /** The rule for errors, in the judge program. */
  readonly rule: number
  /** needs(vm, key…, other variables…, amount): each row's amount counts on the host where the VM is. */
  readonly needs: CoreRule
  /**
   * room(host, key…, difference when nothing is there, difference when the amounts are 1 together): it is an error when the difference,
   * linear in the amounts, is above 0, or where `reached`, when it is 0 already.
   */
  readonly room: CoreRule
  readonly keys: number
  readonly reached: boolean
  /** Where the VM stands in the atoms that needs are read from; undefined when something else asks for it too. */
  readonly vmColumns: readonly { readonly table: string; readonly column: number }[] | undefined
}

/** Limits of hosts among the delegated rules for errors; rules of other shapes are left to the evaluator. */
export function hostLimits(judge: JudgeProgram, analysis: Analysis): HostLimit[] {
  const { program, decision } = judge
  const rulesOf = groupRules(program)
  return program.rules.flatMap(rule => {
    if (program.tables.get(rule.head.table)?.role !== 'error' || !analysis.delegated.has(rule.id)) return []
    const inlined = inlineTables(rule, rulesOf, decision)
    try {
      const split = splitBody(inlined, inlined.body, {
        isDecision: table => decision.has(table),
        columns: table => analysis.columns.get(table),
        refusal: () => undefined,
        display: table => table,
      })
      return limitOf(inlined, split)
    } catch (error) {
      if (error instanceof RefusalError) return []
      throw error
    }
  })
}

function limitOf(rule: CoreRule, { fixed, steps }: SplitBody): HostLimit[] {
  const [aggregate, ...aggregates] = steps.flatMap(step => (step.kind === 'aggregate' ? [step] : []))
  const [comparison, ...comparisons] = steps.flatMap(step => (step.kind === 'compare' ? [step.literal] : []))
  if (!aggregate || !comparison || aggregates.length + comparisons.length > 0) return []
  if (comparison.negated || steps.some(step => step.kind === 'holds')) return []
  const load = loadOf(aggregate.literal, aggregate.body)
  if (!load) return []
  const { vm, host, keys } = load
  const binds = new Map(steps.flatMap(step => (step.kind === 'bind' ? [[step.variable, step.expr] as const] : [])))
  const above = aboveZero(comparison)
  if (!above) return []
  const variables = [...rule.variables]
  const fresh = (): { kind: 'variable'; index: number } => ({ kind: 'variable', index: variables.push('_') - 1 })
  const computed = (expr: CoreExpr): { term: CoreTerm; literal: CoreLiteral } => {
    const term = fresh()
    const { span } = rule
    return { term, literal: { kind: 'compare', operator: '=', negated: false, left: term, right: expr, span } }
  }
  const { result } = aggregate.literal
  const differences = [0, 1].map(amount => computed(withAmount(above.difference, result.index, amount, binds)))
  const amount = computed(aggregate.literal.value ?? { kind: 'constant', value: 1 })
  const others = aggregate.body.fixedVariables.filter(v => v !== vm && !keys.includes(v))
  const made = (table: string, args: readonly CoreTerm[], body: readonly CoreLiteral[]): CoreRule => ({
    ...rule,
    modal: undefined,
    policy: String(rule.id),
    head: { table, args, span: rule.head.span },
    body,
    variables,
  })
  const asked: AtomLiteral = { kind: 'atom', table: ASKED, args: [variable(vm)], negated: false, span: rule.span }
  return [
    {
      rule: rule.id,
      needs: made(
        `~needs:${rule.id}`,
        [variable(vm), ...keys.map(variable), ...others.map(variable), amount.term],
        [asked, ...aggregate.body.fixed, amount.literal],
      ),
      room: made(
        `~room:${rule.id}`,
        [variable(host), ...keys.map(variable), ...differences.map(d => d.term)],
        [...fixed, ...differences.map(d => d.literal)],
      ),
      keys: keys.length,
      reached: above.reached,
      vmColumns: columnsOf(vm, aggregate.body.fixed, aggregate.literal.value),
    },
  ]
}

/** What an aggregate adds up for each host, where it is the VMs' own amounts. */
function loadOf(
  { operator, groupBy, value }: AggregateLiteral,
  { fixed, steps }: SplitBody,
): { readonly vm: number; readonly host: number; readonly keys: readonly number[] } | undefined {
  if ((operator !== 'sum' && operator !== 'count') || steps.length !== 1) return undefined
  const [step] = steps
  if (step!.kind !== 'holds' || step!.literal.negated || step!.literal.table !== LOCATION) return undefined
  const [vm, host] = step!.literal.args
  if (vm?.kind !== 'variable' || host?.kind !== 'variable') return undefined
  if (groupBy.includes(vm.index) || !groupBy.includes(host.index)) return undefined
  const keys = groupBy.filter(v => v !== host.index)
  const bound = new Set(
    fixed
      .flatMap(l => (l.kind === 'atom' && !l.negated ? l.args : []))
      .map(t => (t.kind === 'variable' ? t.index : -1)),
  )
  const asksHost = fixed.some(l => literalVariables(l).includes(host.index))
  if (asksHost || (value && variablesOf(value).includes(host.index))) return undefined
  return keys.every(k => bound.has(k)) ? { vm: vm.index, host: host.index, keys } : undefined
}

/** A comparison as "difference above 0". */
function aboveZero({ operator, left, right }: CompareLiteral): { difference: CoreExpr; reached: boolean } | undefined {
  switch (operator) {
    case '>':
    case '>=':
      return { difference: call('-', left, right), reached: operator === '>=' }
    case '<':
    case '<=':
      return { difference: call('-', right, left), reached: operator === '<=' }
    default:
      return undefined
  }
}

/** An expression with a number for the aggregate's result, and with what its other variables are computed from. */
function withAmount(expr: CoreExpr, result: number, amount: number, binds: ReadonlyMap<number, CoreExpr>): CoreExpr {
  if (expr.kind === 'call') return { ...expr, args: expr.args.map(arg => withAmount(arg, result, amount, binds)) }
  if (expr.kind !== 'variable') return expr
  if (expr.index === result) return { kind: 'constant', value: amount }
  const bound = binds.get(expr.index)
  return bound ? withAmount(bound, result, amount, binds) : expr
}

function columnsOf(vm: number, fixed: readonly CoreLiteral[], value: CoreExpr | undefined): HostLimit['vmColumns'] {
  if (value && variablesOf(value).includes(vm)) return undefined
  const columns: { table: string; column: number }[] = []
  for (const literal of fixed) {
    if (!literalVariables(literal).includes(vm)) continue
    if (literal.kind !== 'atom') return undefined
    literal.args.forEach((arg, column) => {
      if (arg.kind === 'variable' && arg.index === vm) columns.push({ table: literal.table, column })
    })
  }
  return columns
}
