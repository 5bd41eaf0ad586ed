import type { CoreRule } from '../language/index.ts'
import { Body } from './body.ts'
import { sqlTypes, term, widened } from './expression.ts'
import { commentLine, quoted } from './names.ts'
import { Refusal, type RuleScope } from './scope.ts'
import type { SqlExpr, SqlTable, SqlType } from './types.ts'

/** The name of a recursive query inside its view: with a blank, so that no table has it. */
const RECURSION = quoted('usher recursion')

export interface TranslatedRule {
  readonly rule: CoreRule
  readonly head: readonly SqlExpr[]
  readonly body: Body
  /** It reads a table of its own component. */
  readonly recurs: boolean
}

/** A rule's body as SQL, and what its head holds. Throws `Refusal`. */
export function translateRule(rule: CoreRule, scope: RuleScope): TranslatedRule {
  const own = rule.body.filter(l => l.kind === 'atom' && scope.component.has(l.table))
  if (own.length > 1)
    throw new Refusal(
      'sql/recursion',
      'a recursive query can read its own result only once',
      own[1]!.span,
      own[0]!.span,
    )
  const body = new Body(scope, new Map())
  if (!body.addAll(rule.body)) throw new Error('an unsafe rule was not refused by the checker')
  return { rule, head: rule.head.args.map(arg => term(arg, body.env, rule.head.span)), body, recurs: own.length > 0 }
}

/** `CREATE VIEW` for a table that does not depend on itself. */
export function plainView(table: SqlTable, rules: readonly TranslatedRule[]): string {
  const selects = rules.map(r => ruleSelect(r, table, '', rules.length === 1))
  return `CREATE VIEW ${heading(table)} AS\n${selects.length > 0 ? selects.join('\nUNION\n') : noRow(table)};\n`
}

/**
 * `CREATE VIEW`s for tables that depend on themselves or on each other, each rule reading one of them once. Together they are one
 * recursive query, whose rows begin with the table they belong to where there are several. The rules that recur stand side by side
 * behind one reading of the result so far, since PostgreSQL allows one.
 */
export function recursiveViews(tables: readonly SqlTable[], rules: readonly TranslatedRule[]): string {
  const frame = new Frame(tables)
  const select = (r: TranslatedRule, indent: string) => {
    const table = tables.find(t => t.table === r.rule.head.table)!
    return ruleSelect(r, table, indent, false, frame.place(table))
  }
  const base = rules.filter(r => !r.recurs).map(r => select(r, '  '))
  const recursive = rules.filter(r => r.recurs).map(r => select(r, '    '))
  const first = base.length > 0 ? base.join('\n  UNION\n') : `  SELECT ${frame.nothing} WHERE FALSE`
  const query = [
    `WITH RECURSIVE ${RECURSION} (${frame.columns.join(', ')}) AS (`,
    first,
    ...(recursive.length > 0
      ? [
          '  UNION',
          `  SELECT s.* FROM ${RECURSION} r CROSS JOIN LATERAL (`,
          recursive.join('\n    UNION ALL\n'),
          '  ) s',
        ]
      : []),
    ')',
  ].join('\n')
  if (tables.length === 1) return `CREATE VIEW ${heading(tables[0]!)} AS\n${query}\nSELECT * FROM ${RECURSION};\n`
  const whole = quoted(`${tables.map(t => t.table).join(' + ')}`)
  const views = tables.map(table => {
    const columns = table.columns.length > 0 ? frame.ownColumns(table) : ['TRUE']
    return `CREATE VIEW ${heading(table)} AS SELECT ${columns.join(', ')} FROM ${whole} WHERE ${frame.condition(table)};\n`
  })
  return `CREATE VIEW ${whole} AS\n${query}\nSELECT * FROM ${RECURSION};\n\n${views.join('\n')}`
}

/** How the tables of a component share the columns of one recursive query. */
export class Frame {
  readonly #tables: readonly SqlTable[]

  constructor(tables: readonly SqlTable[]) {
    this.#tables = tables
  }

  /** With several tables: which one, then a column for each column of each. */
  get columns(): string[] {
    if (this.#single) return this.#tables[0]!.columns.length > 0 ? this.ownColumns(this.#tables[0]!) : ['holds']
    return ['tbl', ...this.#tables.flatMap(t => this.ownColumns(t))]
  }

  get #single(): boolean {
    return this.#tables.length === 1
  }

  get nothing(): string {
    const types = this.#tables.flatMap(t => t.columns.map(c => emptyValue(c.type)))
    if (this.#single) return types.length > 0 ? types.join(', ') : 'TRUE'
    return ['NULL::text', ...types].join(', ')
  }

  ownColumns(table: SqlTable): string[] {
    const t = this.#number(table)
    return table.columns.map((_, i) => `c${t + 1}_${i + 1}`)
  }

  condition(table: SqlTable): string {
    return `tbl = ${this.#tag(table)}`
  }

  /** How a rule reads a table of the component: out of the row `r` of the query's result so far. */
  reading(table: SqlTable): { readonly columns: readonly string[]; readonly condition: string | undefined } {
    const columns = this.ownColumns(table).map(c => `r.${c}`)
    return { columns, condition: this.#single ? undefined : `r.${this.condition(table)}` }
  }

  /** Where a row of the table stands in a row of the query. */
  place(table: SqlTable): (columns: readonly string[]) => readonly string[] {
    if (this.#single) return columns => columns
    return columns => [
      `${this.#tag(table)}::text`,
      ...this.#tables.flatMap(t => (t.table === table.table ? columns : t.columns.map(c => emptyValue(c.type)))),
    ]
  }

  #number(table: SqlTable): number {
    return this.#tables.findIndex(t => t.table === table.table)
  }

  #tag(table: SqlTable): string {
    return `'${this.#number(table) + 1}'`
  }
}

function ruleSelect(
  { rule, head, body }: TranslatedRule,
  table: SqlTable,
  indent: string,
  distinct: boolean,
  place: (columns: readonly string[]) => readonly string[] = columns => columns,
): string {
  const values = head.map((e, i) => widened(e, table.columns[i]!.type).sql)
  const columns = place(values)
  const origin = `${rule.span.file}:${rule.span.line}`
  const comment = commentLine(`${origin}  ${rule.text}`)
  return `${indent}${comment}\n${indent}${body.select(columns.length > 0 ? columns : ['TRUE'], indent, distinct)}`
}

function noRow(table: SqlTable): string {
  const columns = table.columns.map(c => emptyValue(c.type))
  return `SELECT ${columns.length > 0 ? columns.join(', ') : 'TRUE'} WHERE FALSE`
}

function heading(table: SqlTable): string {
  const columns = table.columns.length > 0 ? table.columns.map(c => quoted(c.name)) : ['holds']
  return `${quoted(table.name)} (${columns.join(', ')})`
}

/** `CREATE TABLE` for a table that the views read. */
export function tableSql(table: SqlTable): string {
  const columns = table.columns.map(c => `  ${quoted(c.name)} ${sqlTypes[c.type]} NOT NULL`)
  return `CREATE TABLE ${quoted(table.name)} (\n${columns.length > 0 ? columns.join(',\n') : '  holds boolean NOT NULL'}\n);\n`
}

/** Fills a column in which nothing is read. */
function emptyValue(type: SqlType): string {
  return `NULL::${sqlTypes[type]}`
}
