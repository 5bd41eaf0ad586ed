import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import { nearestName } from '../../diagnostic/index.ts'
import type { TableSchema } from '../../tables/index.ts'
import type { AtomAst, ExprAst } from '../ast.ts'
import { quotedList, written } from './names.ts'

/**
 * An atom's arguments by position; undefined where a column was not named. Undefined as a whole when they cannot be placed, which
 * has been reported then.
 *
 * A table with a schema takes fewer arguments than it has columns, named or not: the rest is unconstrained. A column's number,
 * from 0, is a name for it too.
 */
export function placeArguments(
  atom: AtomAst,
  table: string,
  schema: TableSchema | undefined,
  report: (d: Diagnostic) => void,
): (ExprAst | undefined)[] | undefined {
  if (schema === undefined) {
    const first = atom.named[0]
    if (first === undefined) return [...atom.args]
    report({
      code: 'language/unknown-columns',
      severity: 'error',
      message: `the columns of \`${written(atom.name)}\` are not known, so that none can be named`,
      span: first.columnSpan,
      help: 'give the arguments by position, or load a data source that has this table',
    })
    return undefined
  }
  const columns = schema.columns.map(c => c.name)
  if (atom.args.length > columns.length) {
    report(tooMany(atom, table, columns))
    return undefined
  }
  const placed: (ExprAst | undefined)[] = columns.map((_, i) => atom.args[i])
  const namedAt = new Map<number, Span>()
  let sound = true
  for (const arg of atom.named) {
    const at = columnNumber(arg.column, columns)
    const problem =
      at === undefined
        ? unknownColumn(arg.column, arg.columnSpan, table, columns)
        : placed[at] !== undefined
          ? givenTwice(arg.column, arg.columnSpan, namedAt.get(at) ?? atom.args[at]?.span)
          : undefined
    if (problem !== undefined) {
      report(problem)
      sound = false
    } else if (at !== undefined) {
      placed[at] = arg.value
      namedAt.set(at, arg.columnSpan)
    }
  }
  return sound ? placed : undefined
}

function columnNumber(name: string, columns: readonly string[]): number | undefined {
  const at = columns.indexOf(name)
  if (at >= 0) return at
  return /^\d{1,4}$/.test(name) && Number(name) < columns.length ? Number(name) : undefined
}

function tooMany(atom: AtomAst, table: string, columns: readonly string[]): Diagnostic {
  return {
    code: 'language/arity',
    severity: 'error',
    message: `\`${table}\` has ${count(columns.length, 'column')}, but ${count(atom.args.length, 'argument')} are given`,
    span: atom.span,
    help: columnsHelp(columns),
  }
}

function unknownColumn(name: string, span: Span, table: string, columns: readonly string[]): Diagnostic {
  const near = nearestName(name, columns)
  const list = columnsHelp(columns)
  return {
    code: 'language/unknown-column',
    severity: 'error',
    message: `table \`${table}\` has no column \`${name}\``,
    span,
    help: near === undefined ? list : `did you mean \`${near}\`? ${list}`,
  }
}

function givenTwice(name: string, span: Span, first: Span | undefined): Diagnostic {
  return {
    code: 'language/column-twice',
    severity: 'error',
    message: `column \`${name}\` is given twice`,
    span,
    help: 'give each column once, by position or by name',
    ...(first && { notes: [{ message: 'it is given here already', span: first }] }),
  }
}

function columnsHelp(columns: readonly string[]): string {
  return columns.length === 0 ? 'it has no columns' : `its columns are ${quotedList(columns)}`
}

/** `1 column`, `3 columns`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
