import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import type { ExprAst, HeadAst } from '../ast.ts'
import { builtins } from '../builtins.ts'
import type { CoreTerm } from '../core.ts'
import { placeArguments } from './columns.ts'
import type { LoweredHead, Lowering } from './lowering.ts'
import { written } from './names.ts'
import type { Place, Scope } from './scope.ts'

/**
 * Lower one head. A bad head is reported and gives undefined: the rule of that head is lost, the statement's other heads are not.
 *
 * A plain head defines a table of its own policy; a modal head may speak of any table or action.
 */
export function lowerHead(lowering: Lowering, head: HeadAst, scope: Scope): LoweredHead | undefined {
  const { policy, names, report } = lowering.around
  const { modal, atom } = head
  const { name } = atom.name
  const base = modal === undefined ? names.own(policy, name, atom.args.length) : baseOf(lowering, head)
  const display = modal === undefined ? name : `${modal}[${written(atom.name)}]`
  const nameError = nameProblem(head, policy)
  const errors = nameError === undefined ? [] : [nameError]

  const schema = modal === 'execute' ? undefined : names.schemas.get(base)
  const placed =
    schema === undefined && atom.named.length === 0
      ? atom.args
      : (placeArguments(atom, base, schema, d => errors.push(d)) ?? [])
  const place: Place = { kind: 'head', table: display }
  const args: CoreTerm[] = []
  for (let column = 0; column < placed.length; column++) {
    const arg = placed[column]
    // Too few arguments are a matter of arity, judged over all rules at once.
    if (arg === undefined && atom.named.length === 0) continue
    if (arg === undefined || arg.kind === 'wildcard') {
      errors.push(
        noValue(display, arg?.span ?? atom.span, arg === undefined ? schema?.columns[column]?.name : undefined),
      )
      continue
    }
    const simple = arg.kind === 'variable' || arg.kind === 'constant' || isNegativeNumber(arg)
    if (!simple) {
      errors.push(lowering.expressionArgument(arg))
      continue
    }
    const term = lowering.term(arg, place, scope)
    if (term !== undefined && term.kind !== 'wildcard') args.push(term)
  }

  if (errors.length > 0) {
    errors.forEach(report)
    return undefined
  }
  return { modal, base, table: modal ? `${modal}[${base}]` : base, display, args, span: head.span, atom }
}

/** A sign before a number that the parser has not put into one, as in `-(1)`. */
export function isNegativeNumber(expr: ExprAst): boolean {
  return expr.kind === 'unary' && expr.operand.kind === 'constant' && typeof expr.operand.value === 'number'
}

/** The table or action that a modal head speaks of, by full name. */
function baseOf(lowering: Lowering, head: HeadAst): string {
  const { policy, names } = lowering.around
  if (head.modal === 'execute') return written(head.atom.name)
  return names.resolve(policy, head.atom.name, head.atom.args.length).table
}

function nameProblem(head: HeadAst, policy: string): Diagnostic | undefined {
  const { module, name, span } = head.atom.name
  const error = (code: string, message: string, help: string): Diagnostic => ({
    code,
    severity: 'error',
    message,
    span,
    help,
  })
  if (head.modal === 'execute' && module === undefined)
    return error(
      'language/execute-service',
      `\`execute[${name}]\` does not say which service acts`,
      `write the service before the action, for example \`execute[nova:${name}(…)]\``,
    )
  if (head.modal !== undefined) return undefined
  if (module === 'builtin' || (module === undefined && builtins.has(name)))
    return error(
      'language/builtin-head',
      `\`${name}\` is a builtin, which no rule can define`,
      'give the table another name',
    )
  if (module !== undefined && module !== policy)
    return error(
      'language/foreign-head',
      `policy \`${policy}\` cannot define \`${module}:${name}\`, which belongs to \`${module}\``,
      `write \`${name}\` to define a table of this policy, or \`insert[${module}:${name}(…)]\` to describe an action`,
    )
  return undefined
}

function noValue(display: string, span: Span, column: string | undefined): Diagnostic {
  return {
    code: 'language/head-value',
    severity: 'error',
    message:
      column === undefined
        ? `\`_\` cannot stand in the head of \`${display}\``
        : `column \`${column}\` has no value in the head of \`${display}\``,
    span,
    help: 'give each column of a head a constant, or a variable that the body binds',
  }
}
