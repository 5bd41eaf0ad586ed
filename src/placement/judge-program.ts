import type { CoreLiteral, CoreRule, CoreTerm, Program, TableInfo } from '../language/index.ts'
import { call, variable } from './core-terms.ts'
import { atomsOf, decisionTables, isReadAtPresent, LOCATION, MOVED, predictedTable } from './decision.ts'
import { ownTableInfo } from './own-table.ts'
import { strataOf } from './strata.ts'

/**
 * The program by which other placements are judged: the policy's own rules, but tables with a prediction show
 * `measured + (predicted there − predicted now)`, and placement:moved compares with where VMs are now. Both are stated as rules, so
 * that the evaluator judges and the translation reads one and the same text.
 */
export interface JudgeProgram {
  readonly program: Program
  /** Decision-dependent tables of `program`. */
  readonly decision: ReadonlySet<string>
  /**
   * Tables to be loaded besides the cloud's: name here → table of the present evaluator that holds the rows (predictions made now,
   * where VMs are now, candidates and costs as they are now).
   */
  readonly present: ReadonlyMap<string, string>
  /** For each rule of `program`, the id it had in the policy's program; undefined for the rules that were added. */
  readonly originOf: readonly (number | undefined)[]
}

/** How other rules see a predicted table. `~` can't stand in a policy's names. */
const shown = (table: string): string => `~shown:${table}`
const now = (table: string): string => `~now:${table}`
export const ORIGIN = '~origin'

export function judgeProgram(program: Program): JudgeProgram {
  const decision = decisionTables(program)
  const predictions = new Map<string, CoreRule>()
  for (const rule of program.rules) {
    const table = predictedTable(rule)
    if (table !== undefined && decision.has(table) && !predictions.has(table)) predictions.set(table, rule)
  }
  const present = new Map<string, string>([[ORIGIN, LOCATION]])
  const rules: CoreRule[] = []
  for (const rule of program.rules) {
    if (isReadAtPresent(program, rule)) {
      present.set(rule.head.table, rule.head.table)
      continue
    }
    const keepsMeasured = rule.modal === 'predict'
    rules.push(
      keepsMeasured ? rule : { ...rule, body: renameAtoms(rule.body, t => (predictions.has(t) ? shown(t) : t)) },
    )
  }
  const tables = new Map(program.tables)
  const declare = (name: string, arity: number, kind: TableInfo['kind']): void => {
    tables.set(name, ownTableInfo(name, arity, kind))
  }
  declare(LOCATION, 2, 'data')
  declare(ORIGIN, 2, 'data')
  declare(MOVED, 3, 'derived')
  rules.push(movedRule(program.rules[0]))
  for (const name of present.keys()) tables.set(name, { ...tables.get(name)!, kind: 'data' })
  for (const [table, rule] of predictions) {
    const arity = rule.head.args.length
    declare(shown(table), arity, 'derived')
    declare(now(table), arity, 'data')
    if (!tables.has(table)) declare(table, arity, 'data')
    present.set(now(table), rule.head.table)
    rules.push(...shownRules(table, arity, rule))
  }
  const read = new Set(rules.flatMap(rule => [...atomsOf(rule.body)].map(atom => atom.table)))
  for (const table of present.keys()) if (!read.has(table)) present.delete(table)
  const originOf = rules.map(rule => (rule.id < 0 ? undefined : rule.id))
  const numbered = rules.map((rule, id) => ({ ...rule, id }))
  const judged: Program = { ...program, rules: numbered, tables, strata: strataOf(numbered) }
  return { program: judged, decision: decisionTables(judged, rule => rule.head.table), present, originOf }
}

function renameAtoms(body: readonly CoreLiteral[], rename: (table: string) => string): CoreLiteral[] {
  return body.map(literal => {
    if (literal.kind === 'atom') return { ...literal, table: rename(literal.table) }
    if (literal.kind === 'aggregate') return { ...literal, body: renameAtoms(literal.body, rename) }
    return literal
  })
}

/** The five cases of measured, predicted there and predicted now being there or not; a missing prediction explains nothing. */
function shownRules(table: string, arity: number, origin: CoreRule): CoreRule[] {
  const { span } = origin
  const keys = Array.from({ length: arity - 1 }, (_, i) => variable(i))
  const measured = variable(arity - 1)
  const there = variable(arity)
  const before = variable(arity + 1)
  const value = variable(arity + 2)
  const atom = (name: string, last: CoreTerm | undefined): CoreLiteral => ({
    kind: 'atom',
    table: name,
    args: [...keys, last ?? { kind: 'wildcard' }],
    negated: last === undefined,
    span,
  })
  const isValue = (right: Expr): CoreLiteral => ({
    kind: 'compare',
    operator: '=',
    negated: false,
    left: value,
    right,
    span,
  })
  const predicted = origin.head.table
  const rule = (body: CoreLiteral[], last: CoreTerm): CoreRule => ({
    ...origin,
    id: -1,
    modal: undefined,
    head: { table: shown(table), args: [...keys, last], span: origin.head.span },
    variables: [...keys.map((_, i) => `k${i}`), 'measured', 'there', 'now', 'value'],
    body,
  })
  return [
    rule(
      [
        atom(table, measured),
        atom(predicted, there),
        atom(now(table), before),
        isValue(call('+', measured, call('-', there, before))),
      ],
      value,
    ),
    rule(
      [atom(table, measured), atom(predicted, there), atom(now(table), undefined), isValue(call('+', measured, there))],
      value,
    ),
    rule(
      [
        atom(table, measured),
        atom(predicted, undefined),
        atom(now(table), before),
        isValue(call('-', measured, before)),
      ],
      value,
    ),
    rule([atom(table, measured), atom(predicted, undefined), atom(now(table), undefined)], measured),
    rule([atom(predicted, there), atom(table, undefined)], there),
  ]
}

type Expr = Extract<CoreLiteral, { kind: 'compare' }>['right']

/** placement:moved(vm, from, to) :- nova:location(vm, to), ~origin(vm, from), from != to */
function movedRule(sample: CoreRule | undefined): CoreRule {
  const span = sample?.span ?? { file: '<system>', start: 0, end: 0, line: 1, column: 1 }
  const [vm, from, to] = [variable(0), variable(1), variable(2)]
  return {
    id: -1,
    policy: 'placement',
    modal: undefined,
    head: { table: MOVED, args: [vm, from, to], span },
    body: [
      { kind: 'atom', table: LOCATION, args: [vm, to], negated: false, span },
      { kind: 'atom', table: ORIGIN, args: [vm, from], negated: false, span },
      { kind: 'compare', operator: '!=', negated: false, left: from, right: to, span },
    ],
    variables: ['vm', 'from', 'to'],
    span,
    text: 'placement:moved(vm, from, to) :- nova:location(vm, to), VM was on from, from != to',
    comments: [],
  }
}
