import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import type { Row } from '../../tables/index.ts'
import type { CoreRule, Program } from '../core.ts'
import { parseQuery } from '../syntax/parse.ts'
import { Arities } from './arity.ts'
import { type LoweredStatement, lowerQuery } from './lowering.ts'
import { namesOfProgram } from './names.ts'
import { checkSafety } from './safety.ts'
import { unknownTable } from './unknown-tables.ts'

/** A query's name, in spans and as the head of its rule. */
export const QUERY = '<query>'

export interface CheckedQuery {
  /** Head `<query>` with the query's named variables in order of first occurrence; undefined when there is an error. */
  readonly rule: CoreRule | undefined
  readonly diagnostics: Diagnostic[]
}

export interface ReadTuple {
  /** Undefined when there is an error. */
  readonly tuple: { readonly table: string; readonly row: Row } | undefined
  readonly diagnostics: Diagnostic[]
}

/**
 * Read a query: one or more literals, with names as `policy` reads them (default: the program's first). Variables inside an
 * aggregate's braces alone are no columns of the answer. The rule's id is -1: it belongs to no program.
 */
export function checkQuery(text: string, program: Program, policy?: string): CheckedQuery {
  const { lowered, diagnostics, span, reader } = lowerText(text, program, policy)
  if (lowered === undefined || hasError(diagnostics)) return { rule: undefined, diagnostics }
  checkSafety(lowered, { kind: 'query', name: QUERY, span }, d => diagnostics.push(d))
  if (hasError(diagnostics)) return { rule: undefined, diagnostics }
  const args = answerVariables(lowered).map(index => ({ kind: 'variable', index }) as const)
  const { body, variables } = lowered
  const rule: CoreRule = {
    id: -1,
    policy: reader,
    modal: undefined,
    head: { table: QUERY, args, span },
    body,
    variables,
    span,
    text: text.trim(),
    comments: [],
  }
  return { rule, diagnostics }
}

/** Read a tuple: one atom with constants only, `error("s1", "vm1")`. Columns may be named, but each must be given. */
export function readTuple(text: string, program: Program, policy?: string): ReadTuple {
  const { lowered, diagnostics, span } = lowerText(text, program, policy)
  if (lowered === undefined || hasError(diagnostics)) return { tuple: undefined, diagnostics }
  const refuse = (message: string, help: string, at: Span = span): ReadTuple => ({
    tuple: undefined,
    diagnostics: [...diagnostics, { code: 'language/no-tuple', severity: 'error', message, span: at, help }],
  })
  const [literal, second] = lowered.body
  if (literal?.kind !== 'atom' || literal.negated || second)
    return refuse(`\`${text.trim()}\` is not one tuple of a table`, 'write one, for example `error("s1", "vm1")`')
  const row = literal.args.flatMap(a => (a.kind === 'constant' ? [a.value] : []))
  if (row.length === literal.args.length) return { tuple: { table: literal.table, row }, diagnostics }
  const variable = lowered.occurrences[0]
  if (variable === undefined) return refuse('a tuple needs a value for each column', 'give each column a constant')
  const name = lowered.variables[variable.index]!
  return refuse(
    `a tuple holds constants only, and \`${name}\` is a variable`,
    `text needs quotes: write \`"${name}"\``,
    variable.span,
  )
}

interface LoweredText {
  readonly lowered: LoweredStatement | undefined
  readonly diagnostics: Diagnostic[]
  readonly span: Span
  readonly reader: string
}

/** Parse and lower literals as a policy reads them, with unknown tables and arities judged. */
function lowerText(text: string, program: Program, policy: string | undefined): LoweredText {
  const reader = policy ?? program.policies[0]?.name ?? ''
  const span: Span = { file: QUERY, start: 0, end: text.length, line: 1, column: 1 }
  const parsed = parseQuery(text)
  const diagnostics: Diagnostic[] = [...parsed.diagnostics]
  const report = (d: Diagnostic) => diagnostics.push(d)
  if (hasError(diagnostics)) return { lowered: undefined, diagnostics, span, reader }
  if (policy !== undefined && !program.policies.some(p => p.name === policy)) {
    report({
      code: 'language/unknown-policy',
      severity: 'error',
      message: `there is no policy \`${policy}\``,
      help: `the policies are ${program.policies.map(p => `\`${p.name}\``).join(', ')}`,
    })
    return { lowered: undefined, diagnostics, span, reader }
  }
  const names = namesOfProgram(program)
  const lowered = lowerQuery(parsed.literals, { policy: reader, names, text, report })
  const arities = new Arities(table => names.family(table))
  for (const use of lowered.uses) {
    const known = program.tables.get(use.table)
    for (const table of names.family(use.table))
      if (table !== use.table) arities.settle(table, program.tables.get(table)!.arity, undefined)
    // Rows of an unknown table may be loaded with any number of columns; what policies use is the best guess.
    if (known) arities.settle(use.table, known.arity, undefined)
    arities.check(use.table, { name: use.display, arity: use.arity, span: use.atom.span, isHead: false }, report)
    if (use.kind === 'unknown') report(unknownTable([{ ...use, required: false }], reader, names))
  }
  return { lowered, diagnostics, span, reader }
}

function hasError(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(d => d.severity === 'error')
}

/** Named variables of the query outside of braces, in order of first occurrence. */
function answerVariables(lowered: LoweredStatement): number[] {
  const outer = new Set(lowered.occurrences.flatMap(o => (o.depth === 0 ? [o.index] : [])))
  const first = new Map<number, number>()
  for (const o of lowered.occurrences)
    if (o.span.start < (first.get(o.index) ?? Number.POSITIVE_INFINITY)) first.set(o.index, o.span.start)
  return [...outer].sort((a, b) => first.get(a)! - first.get(b)!)
}
