import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import type { AtomAst, AtomLiteralAst, ExprAst, LiteralAst, Modal, StatementAst } from '../ast.ts'
import { builtins } from '../builtins.ts'
import type { CoreHead, CoreLiteral, CoreTerm, Wildcard } from '../core.ts'
import { lowerBuiltin } from './builtin-literal.ts'
import { placeArguments } from './columns.ts'
import { lowerExpr } from './expression.ts'
import { isNegativeNumber, lowerHead } from './head.ts'
import { type Names, written } from './names.ts'
import { namesIn, type Occurrence, type Place, Scope } from './scope.ts'
import type { Strictness } from './stratify.ts'

/** Where a rule names a table; arity, unknown tables and dependencies are judged over all uses of all rules. */
export interface TableUse {
  readonly table: string
  readonly kind: 'derived' | 'data' | 'unknown'
  readonly atom: AtomAst
  readonly modal: Modal | undefined
  /** As written: `nova:servers`, `insert[p]`. */
  readonly display: string
  readonly arity: number
  /** Under `not`, or inside an aggregate: the table must be complete before it is read. */
  readonly strict: Strictness
  /** A positive literal of the rule itself: without a row here, the rule gives nothing. */
  readonly required: boolean
}

export interface LoweredHead extends CoreHead {
  readonly modal: Modal | undefined
  /** What a modal head is about; the table itself for a plain head. */
  readonly base: string
  /** As written inside its policy. */
  readonly display: string
  readonly atom: AtomAst
}

/** A statement in core form: one rule for each of its heads. */
export interface LoweredStatement {
  readonly heads: readonly LoweredHead[]
  readonly body: readonly CoreLiteral[]
  readonly variables: readonly string[]
  readonly occurrences: readonly Occurrence[]
  readonly uses: readonly TableUse[]
  /** Variables of a literal that was refused: not known to be bound, but no fault of theirs. */
  readonly assumed: ReadonlySet<number>
  /** Nothing in the body was refused. */
  readonly sound: boolean
}

/** What lowering needs to know of the world around a rule. */
export interface Surroundings {
  readonly policy: string
  readonly names: Names
  /** The file's text, to quote from. */
  readonly text: string
  readonly report: (d: Diagnostic) => void
}

const NONE: readonly never[] = []
const NOTHING_ASSUMED: ReadonlySet<number> = new Set()

/**
 * Lower statements. Problems are reported; what could not be lowered is left out and `sound` says so.
 *
 * Facts of constants leave no trace in the state of lowering, so that they share it: a policy may have a hundred thousand of them.
 */
export function lowerStatements(statements: readonly StatementAst[], around: Surroundings): LoweredStatement[] {
  const forFacts = new Lowering(around)
  const scope = new Scope()
  const empty = { body: NONE, variables: NONE, occurrences: NONE, uses: NONE, assumed: NOTHING_ASSUMED, sound: true }
  return statements.map(statement => {
    if (!isGroundFact(statement)) return new Lowering(around).statement(statement)
    const heads: LoweredHead[] = []
    for (const head of statement.heads) {
      const lowered = lowerHead(forFacts, head, scope)
      if (lowered) heads.push(lowered)
    }
    return { heads, ...empty }
  })
}

function isGroundFact(statement: StatementAst): boolean {
  if (statement.body !== undefined) return false
  for (const { atom } of statement.heads) {
    if (atom.named.length > 0) return false
    for (const arg of atom.args) if (arg.kind !== 'constant' && !isNegativeNumber(arg)) return false
  }
  return true
}

/** Lower the literals of a query: no head, variables of the text in order. */
export function lowerQuery(literals: readonly LiteralAst[], around: Surroundings): LoweredStatement {
  return new Lowering(around).statement({ heads: [], body: literals })
}

/** The state of lowering one statement. Its helpers (expression.ts, builtin-literal.ts) work on it. */
export class Lowering {
  readonly around: Surroundings
  readonly variables: string[] = []
  readonly occurrences: Occurrence[] = []
  readonly #uses: TableUse[] = []
  readonly #assumed = new Set<number>()
  #sound = true

  constructor(around: Surroundings) {
    this.around = around
  }

  statement(statement: Pick<StatementAst, 'heads' | 'body'>): LoweredStatement {
    const scope = new Scope()
    const body: CoreLiteral[] = []
    for (const head of statement.heads) this.declare(scope, [{ kind: 'atom-literal', negated: false, ...head }])
    this.declare(scope, statement.body ?? [])
    const heads = statement.heads.flatMap(h => lowerHead(this, h, scope) ?? [])
    for (const literal of statement.body ?? []) this.literal(literal, scope, body)
    return {
      heads,
      body,
      variables: this.variables,
      occurrences: this.occurrences,
      uses: this.#uses,
      assumed: this.#assumed,
      sound: this.#sound,
    }
  }

  /** Report an error that makes the body unfit. */
  refuse(code: string, message: string, span: Span, help: string): undefined {
    this.around.report({ code, severity: 'error', message, span, help })
    this.#sound = false
    return undefined
  }

  /** Mark the body as unfit; the error has been reported. */
  spoil(): undefined {
    this.#sound = false
    return undefined
  }

  fresh(name: string): number {
    this.variables.push(name)
    return this.variables.length - 1
  }

  declare(scope: Scope, literals: readonly LiteralAst[], exprs: readonly ExprAst[] = []): void {
    for (const name of namesIn(literals, exprs)) scope.declare(name, n => this.fresh(n))
  }

  /** The variable of a name at a place of the text. */
  variable(name: string, span: Span, place: Place, scope: Scope): CoreTerm {
    scope.declare(name, n => this.fresh(n))
    const index = scope.find(name)!
    this.occurrences.push({ index, span, place, depth: scope.depth })
    return { kind: 'variable', index }
  }

  quote(span: Span): string {
    return this.around.text.slice(span.start, span.end).replace(/\s+/g, ' ')
  }

  literal(literal: LiteralAst, scope: Scope, out: CoreLiteral[]): void {
    if (literal.kind === 'comparison') {
      const left = lowerExpr(this, literal.left, scope, out)
      const right = lowerExpr(this, literal.right, scope, out)
      if (!left || !right) {
        this.#assume([literal], scope)
        return
      }
      const last = out[out.length - 1]
      // `n = count : {…}` needs no variable between the two, unless the braces group by n.
      if (literal.operator === '=' && literal.right.kind === 'aggregate' && last?.kind === 'aggregate')
        if (left.kind === 'variable' && !last.groupBy.includes(left.index)) {
          if (last.result.index === this.variables.length - 1) this.variables.pop()
          out[out.length - 1] = { ...last, result: left, span: literal.span }
          return
        }
      out.push({ kind: 'compare', operator: literal.operator, left, right, negated: false, span: literal.span })
      return
    }
    const { name } = literal.atom
    const builtin =
      literal.modal === undefined &&
      (name.module === 'builtin' || (name.module === undefined && builtins.has(name.name)))
    const lowered = builtin ? lowerBuiltin(this, literal, scope) : this.#atomLiteral(literal, scope)
    if (lowered) out.push(lowered)
    else this.#assume([literal], scope)
  }

  /** Argument of an atom or builtin. `_` and unnamed columns (undefined) are wildcards under `not`, fresh variables elsewhere. */
  term(expr: ExprAst | undefined, place: Place, scope: Scope): CoreTerm | Wildcard | undefined {
    if (expr === undefined || expr.kind === 'wildcard')
      return place.kind === 'negated' ? { kind: 'wildcard' } : { kind: 'variable', index: this.fresh('_') }
    if (expr.kind === 'variable') return this.variable(expr.name, expr.span, place, scope)
    if (expr.kind === 'constant') return { kind: 'constant', value: expr.value }
    if (expr.kind === 'unary' && expr.operand.kind === 'constant' && typeof expr.operand.value === 'number')
      return { kind: 'constant', value: 0 - expr.operand.value }
    this.around.report(this.expressionArgument(expr))
    return this.spoil()
  }

  /** Why an expression is no argument. */
  expressionArgument(expr: ExprAst): Diagnostic {
    const text = this.quote(expr.span)
    const free = ['z', 'value', 'result', 'z1', 'z2'].find(n => !this.variables.includes(n)) ?? 'z3'
    return {
      code: 'language/expression-argument',
      severity: 'error',
      message: `\`${text}\` cannot be an argument`,
      span: expr.span,
      help: `write \`${free} = ${text}\` in the body and use \`${free}\``,
    }
  }

  #atomLiteral({ atom, modal, negated, span }: AtomLiteralAst, scope: Scope): CoreLiteral | undefined {
    const { policy, names, report } = this.around
    // The parser has reported these.
    if (modal === 'execute' || modal === 'predict') return this.spoil()
    const base = names.resolve(policy, atom.name, atom.args.length)
    const { table, kind } = modal ? names.resolveModal(modal, policy, atom.name, atom.args.length) : base
    const placed = placeArguments(atom, base.table, names.schemas.get(base.table), report)
    if (!placed) return this.spoil()
    const place: Place = negated ? { kind: 'negated' } : { kind: 'atom' }
    const args = placed.map(a => this.term(a, place, scope))
    const inside = scope.depth > 0
    this.#uses.push({
      table,
      kind,
      atom,
      modal,
      display: modal ? `${modal}[${written(atom.name)}]` : written(atom.name),
      arity: args.length,
      strict: inside ? 'aggregate' : negated ? 'not' : undefined,
      required: !negated && !inside,
    })
    if (!allDefined(args)) return undefined
    return { kind: 'atom', table, args, negated, span }
  }

  /** A literal was refused: its variables are not to be reported as unbound on top. */
  #assume(literals: readonly LiteralAst[], scope: Scope): void {
    for (const name of namesIn(literals)) {
      const index = scope.find(name)
      if (index !== undefined) this.#assumed.add(index)
    }
  }
}

function allDefined<T>(list: readonly (T | undefined)[]): list is readonly T[] {
  return list.every(x => x !== undefined)
}
