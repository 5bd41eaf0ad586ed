import { type Diagnostic, DiagnosticError, fail, type Span } from '../diagnostic/index.ts'
import {
  type AtomAst,
  type ExprAst,
  type HeadAst,
  type Program,
  parsePolicy,
  readTuple,
  renderValue,
  type StatementAst,
} from '../language/index.ts'
import type { Row, Value } from '../tables/index.ts'
import type { Tuple } from './types.ts'

/** The name of a sequence's text in spans. */
export const SEQUENCE = '<sequence>'

/** One step of a sequence, as written; `text` is for messages and traces. */
export type Step =
  /** `p+(1)`, `p-(1)`: rows come or go; none does both. */
  | {
      readonly kind: 'row'
      readonly text: string
      readonly inserted: readonly Tuple[]
      readonly removed: readonly Tuple[]
      readonly span: Span
    }
  /** `p+(x) :- q(x)`, `p-(x) :- q(x)`: a rule comes or goes; `rule` is its text without the sign. */
  | {
      readonly kind: 'rule'
      readonly text: string
      readonly insert: boolean
      readonly policy: string
      readonly rule: string
      readonly span: Span
    }
  /** `act(1)`, or `act(x) :- result(x)` with arguments from the first answer of its body. */
  | {
      readonly kind: 'action'
      readonly text: string
      readonly heads: readonly AtomAst[]
      readonly body: string | undefined
      readonly span: Span
    }

/**
 * Read a sequence: statements one after the other, `p+(…)` and `p-(…)` (or `insert[p(…)]`, `delete[p(…)]`) for changes, plain heads for
 * actions. Names are read as inside `policy`. Throws every syntax error at once.
 */
export function readSequence(text: string, program: Program, policy: string): Step[] {
  const { policy: parsed, diagnostics } = parsePolicy(text, SEQUENCE)
  if (diagnostics.length > 0) throw new DiagnosticError(diagnostics)
  return parsed.statements.flatMap(statement => stepsOf(statement, text, program, policy))
}

function stepsOf(statement: StatementAst, text: string, program: Program, policy: string): Step[] {
  const { heads, body, span } = statement
  const written = oneLine(text.slice(span.start, span.end))
  const modal = heads.find(h => h.modal !== undefined)
  if (modal === undefined) {
    const actions = heads.map(h => h.atom)
    return [{ kind: 'action', text: written, heads: actions, body: body && bodyText(statement, text), span }]
  }
  return heads.map((head): Step => {
    const insert = signOf(head, modal)
    if (body === undefined) {
      const tuple = tupleOf(head.atom, program, policy, constantsOf(head.atom))
      const [inserted, removed] = insert ? [[tuple], []] : [[], [tuple]]
      return { kind: 'row', text: headText(head, text), inserted, removed, span: head.span }
    }
    const { module } = head.atom.name
    const owner = module !== undefined && program.policies.some(p => p.name === module) ? module : policy
    const rule = `${unsigned(head, text)} :- ${bodyText(statement, text)}`
    return { kind: 'rule', text: written, insert, policy: owner, rule, span }
  })
}

function signOf(head: HeadAst, modal: HeadAst): boolean {
  if (head.modal === 'insert' || head.modal === 'delete') return head.modal === 'insert'
  fail('datalog/bad-step', 'this is neither a change nor an action', {
    span: (head.modal === undefined ? modal : head).span,
    help: 'write `p+(…)` to insert, `p-(…)` to delete, and actions in statements of their own',
  })
}

/** The tuple that an atom names once its variables have values. */
export function tupleOf(atom: AtomAst, program: Program, policy: string, values: readonly string[]): Tuple {
  const { module, name } = atom.name
  const columns = [...atom.args.map(() => ''), ...atom.named.map(n => `${n.column}=`)]
  const args = columns.map((column, i) => column + values[i])
  const text = `${module === undefined ? '' : `${module}:`}${name}${atom.bare ? '' : `(${args.join(', ')})`}`
  const { tuple, diagnostics } = readTuple(text, program, policy)
  if (tuple) return tuple
  // The text was made here: what is wrong with it stands at the atom.
  throw new DiagnosticError(diagnostics.filter(d => d.severity === 'error').map(d => placed(d, atom.span)))
}

function placed(d: Diagnostic, span: Span): Diagnostic {
  return { ...d, span }
}

/** The arguments of an atom without variables, as text. */
export function constantsOf(atom: AtomAst, values: ReadonlyMap<string, Value> = new Map()): string[] {
  return [...atom.args, ...atom.named.map(n => n.value)].map(arg => renderValue(constantOf(arg, values)))
}

function constantOf(arg: ExprAst, values: ReadonlyMap<string, Value>): Value {
  if (arg.kind === 'constant') return arg.value
  if (arg.kind === 'unary' && arg.operand.kind === 'constant' && typeof arg.operand.value === 'number')
    return -arg.operand.value
  const value = arg.kind === 'variable' ? values.get(arg.name) : undefined
  if (value !== undefined) return value
  fail('datalog/bad-step', 'a step needs a value for each argument', {
    span: arg.span,
    help:
      arg.kind === 'variable'
        ? `text needs quotes: write \`"${arg.name}"\`; or let a body give the value: \`action(${arg.name}) :- p(${arg.name})\``
        : 'write a constant',
  })
}

/** Values of an answer's first row by variable; undefined when there is none. */
export function firstAnswer(columns: readonly string[], rows: readonly Row[]): ReadonlyMap<string, Value> | undefined {
  const [row] = rows
  return row && new Map(columns.map((name, i) => [name, row[i]!]))
}

function bodyText({ body = [], span }: StatementAst, text: string): string {
  return text.slice(body[0]?.span.start ?? span.end, body.at(-1)?.span.end ?? span.end)
}

function headText(head: HeadAst, text: string): string {
  return oneLine(text.slice(head.span.start, head.span.end))
}

/** A head without the sign or brackets that say what to do with it. */
function unsigned({ atom }: HeadAst, text: string): string {
  const { name, span } = atom
  return text.slice(name.span.start, name.span.end) + text.slice(name.span.end, span.end).replace(/^\s*[+-]/, '')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
