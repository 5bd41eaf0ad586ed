import { expect } from 'vitest'
import { createEvaluator, type Evaluator, type QueryAnswer, simulate } from '../../src/datalog/index.ts'
import type { Diagnostic } from '../../src/diagnostic/index.ts'
import { checkPolicies, checkQuery, type Program, parsePolicy, parseQuery } from '../../src/language/index.ts'
import type { Row, TableSchema } from '../../src/tables/index.ts'
import type { Case, Operation } from './cases.ts'
import { canonical, factTexts, Theories, tupleText, unique } from './theories.ts'

/** Run a case; throws when it does not pass. */
export function runCase(c: Case): void {
  if (c.complete === false) throw new Error('the case does not carry its whole set-up')
  const run = runners[c.kind]
  if (run === undefined) throw new Error(`nothing runs cases of the kind ${c.kind}`)
  run(c)
}

const runners: Readonly<Record<string, (c: Case) => void>> = {
  parse_ok: c => expect(parsePolicy(c.text!, 'case').diagnostics).toEqual([]),
  parse_error: c => expect(parsePolicy(c.text!, 'case').diagnostics).not.toEqual([]),
  is_stratified: c => expect(!errorsOf(c).some(e => e.code === 'language/unstratified')).toBe(c.expected),
  reorder: c => expect(errorsOf(c)).toEqual([]),
  reorder_error: runReorderError,
  rule_ok: c => expect(errorsOf(c)).toEqual([]),
  rule_error: c => {
    const { error_count: wanted } = c.expected as { error_count?: number }
    if (wanted === undefined) expect(errorsOf(c)).not.toEqual([])
    else expect(errorsOf(c)).toHaveLength(wanted)
  },
  column_ref: c => expect(bodyText(c.text!, c)).toEqual(bodyText(String(c.expected), c)),
  column_ref_error: c => expect(errorsOf(c).map(e => e.code)).toContainEqual(expect.stringMatching(/column/)),
  insert: runInsert,
  select: c => {
    const evaluator = theoriesOf(c).evaluator()
    expect(select(evaluator, c.query!, c.target!)).toEqual(factTexts(String(c.expected)))
  },
  simulate: runSimulate,
  content: runContent,
}

function errorsOf(c: Case): Diagnostic[] {
  const { policy, diagnostics } = parsePolicy(c.text!, c.policy ?? 'case')
  expect(diagnostics).toEqual([])
  return checkPolicies([policy], { schemas: schemasOf(c) }).diagnostics.filter(d => d.severity === 'error')
}

/** Schemas come as `{module: {table: columns}}` or `{module: {columns: {table: columns}}}`. */
function schemasOf(c: Case): TableSchema[] {
  return Object.entries(c.schemas ?? {}).flatMap(([module, given]) => {
    const tables = (given as { columns?: object }).columns ?? (given as object)
    return Object.entries(tables).map(([table, columns]) => ({
      table: `${module}:${table}`,
      columns: (columns as unknown[]).map(name => ({ name: String(name) })),
    }))
  })
}

/** The body of a rule with its columns in place and its variables renamed. */
function bodyText(rule: string, c: Case): string {
  const { program } = checkPolicies([], { schemas: schemasOf(c) })
  const body = checkQuery(rule.slice(rule.indexOf(':-') + 2), program)
  expect(body.diagnostics.filter(d => d.severity === 'error')).toEqual([])
  const numbers = new Map<number, number>()
  const renamed = (index: number) => {
    if (!numbers.has(index)) numbers.set(index, numbers.size)
    return numbers.get(index)
  }
  return JSON.stringify(body.rule?.body, (key, value) =>
    key === 'span' ? undefined : key === 'index' ? renamed(value as number) : value,
  )
}

/** Some variable of each literal that Congress finds unsafe is reported. */
function runReorderError(c: Case): void {
  const reported = errorsOf(c).map(e => c.text!.slice(e.span!.start, e.span!.end))
  const { unsafe_literals: literals } = c.expected as { unsafe_literals: string[] }
  for (const literal of literals) {
    const variables = literal.match(/[a-z]+(?=[,)])/g) ?? []
    expect(variables.some(v => reported.includes(v))).toBe(true)
  }
}

function theoriesOf(c: Case): Theories {
  const theories = new Theories(Object.keys(c.policies ?? {}))
  for (const op of c.ops ?? []) if (!theories.apply(op)) throw new Error(`no counterpart of ${op[0]}`)
  return theories
}

function runInsert(c: Case): void {
  const theories = theoriesOf(c)
  expect(theories.check().errors).toEqual([])
  theories.apply(['insert', c.target!, c.text])
  expect({ permitted: theories.check().errors.length === 0 }).toEqual(c.expected)
}

/** Tuples of the query's atom that hold, as text. */
function select(evaluator: Pick<Evaluator, 'query'>, query: string, policy: string): string[] {
  return answerTexts(evaluator.query(query, policy), query)
}

/** An answer's rows as tuples of the query's one atom; `sign` is `+` or `-` for `p+(…)` and `p-(…)`. */
function answerTexts({ columns, rows }: QueryAnswer, query: string, sign = ''): string[] {
  const { literals } = parseQuery(query)
  const literal = literals[0]
  if (literal?.kind !== 'atom-literal' || literals.length > 1) throw new Error('not a query of one atom')
  const { name, args } = literal.atom
  const plain = name.module === undefined ? name.name : `${name.module}:${name.name}`
  const modal = sign === '+' ? 'insert' : sign === '-' ? 'delete' : literal.modal
  const table = modal === undefined ? plain : `${modal}[${plain}]`
  return unique(
    rows.map(row =>
      tupleText(
        table,
        args.map(a => (a.kind === 'constant' ? a.value : a.kind === 'variable' ? row[columns.indexOf(a.name)]! : null)),
      ),
    ),
  )
}

/** A simulation. Congress reads an action's rules as if they stood in the policy that is asked. */
function runSimulate(c: Case): void {
  const { action_policy: actions, target, query, delta } = c
  const ops = (c.ops ?? []).map(([verb, p, detail]): Operation => [verb, p === actions ? target! : p, detail])
  const theories = new Theories(Object.keys(c.policies ?? {}))
  for (const op of ops) theories.apply(op)
  // Tables that no rule reads have to be there before they can change.
  const updated = [...c.sequence!.matchAll(/(\w+:\w+)[+-]\(([^()]*)\)/g)].map(([, table, args]) => ({
    table: table!,
    columns: args!.split(',').map((_, i) => ({ name: `c${i}` })),
  }))
  const { program, errors } = theories.check(updated)
  expect(errors).toEqual([])
  const evaluator = createEvaluator(program, { clock: () => new Date(0) })
  const answer = simulate(evaluator, program, { sequence: c.sequence!, query: query!, policy: target! })
  const texts = (rows: readonly Row[], sign = '') => answerTexts({ ...answer.after, rows }, query!, sign)
  const found = delta ? [...texts(answer.inserted, '+'), ...texts(answer.removed, '-')] : texts(answer.after.rows)
  expect(found).toEqual(factTexts(String(c.expected)))
}

/** A materialized theory holds tuples; the other kinds hold the statements that were put in. */
function runContent(c: Case): void {
  const theories = theoriesOf(c)
  if (c.policies?.[c.target!] !== 'materialized') {
    const wanted = new Theories(['wanted'])
    wanted.apply(['insert', 'wanted', c.expected])
    const texts = (list: string[]) => unique(list.map(canonical))
    expect(texts(theories.statements(c.target!))).toEqual(texts(wanted.statements('wanted')))
    return
  }
  const { program } = theories.check()
  const evaluator = theories.evaluator()
  const tuples = derivedTables(program, c.target!).flatMap(({ name, display }) =>
    evaluator.view.rows(name).map(row => tupleText(display, row)),
  )
  expect(unique(tuples)).toEqual(factTexts(String(c.expected)))
}

function derivedTables(program: Program, policy: string) {
  return [...program.tables.values()].filter(t => t.kind === 'derived' && t.policy === policy)
}
