import type { Diagnostic, Span } from '../diagnostic/index.ts'
import type { CoreLiteral, CoreRule, Program } from '../language/index.ts'
import type { Snapshot } from '../tables/index.ts'
import { dataTable, derivedTable } from './column-types.ts'
import { Frame, plainView, recursiveViews, type TranslatedRule, tableSql, translateRule } from './component.ts'
import { union } from './expression.ts'
import { type FunctionName, functionsSql } from './functions.ts'
import { insertsSql } from './inserts.ts'
import { Refusal, type RuleScope } from './scope.ts'
import type { SqlRefusal, SqlTable, SqlTranslation, SqlType, SqlView } from './types.ts'

export interface TranslateOptions {
  /** The data at hand: it tells which columns hold null. */
  readonly tables?: Snapshot
  /** Write the rows of `tables` too. */
  readonly inserts?: boolean
}

/**
 * A program as PostgreSQL: a table for each data table that rules read, a view for each derived table, in an order in which they
 * can be made. A rule without an exact form is left out and named; views that miss it, directly or through others, say so.
 */
export function translateToSql(program: Program, options: TranslateOptions = {}): SqlTranslation {
  const data = options.tables ?? new Map()
  const translation = new Translation(program, data)
  for (const component of program.strata) translation.component(component)
  const tables = [...translation.data.values()]
  const parts = {
    functions: functionsSql(translation.functions),
    tables: tables.map(tableSql).join('\n'),
    rows: options.inserts ? tables.map(t => insertsSql(t, data.get(t.table)?.rows ?? [])).join('') : '',
    views: translation.sql.join('\n'),
  }
  const body = Object.values(parts).filter(part => part !== '')
  const text = [HEADER, 'BEGIN;\n', ...body, 'COMMIT;\n'].join('\n')
  return { text, parts, tables, views: translation.views, refused: translation.refused }
}

const HEADER = `-- Made by \`usher sql\` for PostgreSQL 12 and later, in a database whose encoding is UTF8.
-- A view holds the tuples of the derived table of its name. Columns of jsonb hold values of any kind.
`

class Translation {
  readonly data = new Map<string, SqlTable>()
  readonly views: SqlView[] = []
  readonly refused: SqlRefusal[] = []
  readonly sql: string[] = []
  readonly functions = new Set<FunctionName>()
  readonly #program: Program
  readonly #rows: Snapshot
  readonly #rules = new Map<string, CoreRule[]>()
  readonly #derived = new Map<string, SqlTable>()
  /** Tables whose views lack rows, with the place of a refusal that makes them so. */
  readonly #lacking = new Map<string, Span>()

  constructor(program: Program, rows: Snapshot) {
    this.#program = program
    this.#rows = rows
    for (const rule of program.rules) {
      const rules = this.#rules.get(rule.head.table) ?? []
      this.#rules.set(rule.head.table, rules)
      rules.push(rule)
    }
  }

  /** Translate tables that depend on each other (most often one alone). */
  component(names: readonly string[]): void {
    const rulesOf = (name: string) => this.#rules.get(name) ?? []
    const rules = names.flatMap(rulesOf)
    for (const name of names) this.#derived.set(name, derivedTable(this.#program.tables.get(name)!, rulesOf(name)))
    this.#settleTypes(names, rules)
    for (const name of names) this.#retype(name, type => (type === 'none' ? 'any' : type))
    this.#settleTypes(names, rules)

    const translated = this.#translate(names, rules, refusal => this.refused.push(refusal))
    this.#markLacking(names, rules, translated)
    const tables = names.map(name => this.#derived.get(name)!)
    const notes = names.filter(name => this.#lacking.has(name)).map(name => lackingNote(name, this.#lacking.get(name)!))
    const recursive = translated.some(r => r.recurs)
    const views = recursive
      ? recursiveViews(tables, translated)
      : tables
          .map(t =>
            plainView(
              t,
              translated.filter(r => r.rule.head.table === t.table),
            ),
          )
          .join('\n')
    this.sql.push(`${notes.join('')}${views}`)
    for (const table of tables) {
      const mine = translated.filter(r => r.rule.head.table === table.table).map(r => r.rule)
      this.views.push({ ...table, rules: mine, complete: !this.#lacking.has(table.table) })
    }
  }

  /** Widen the columns of the component's tables until each holds what its rules give. */
  #settleTypes(names: readonly string[], rules: readonly CoreRule[]): void {
    for (let changed = true; changed; ) {
      changed = false
      for (const { rule, head } of this.#translate(names, rules, () => {})) {
        this.#retype(rule.head.table, (type, i) => {
          const wider = union(type, head[i]!.type)
          if (wider !== type) changed = true
          return wider
        })
      }
    }
  }

  #retype(name: string, change: (type: SqlType, column: number) => SqlType): void {
    const table = this.#derived.get(name)!
    this.#derived.set(name, { ...table, columns: table.columns.map((c, i) => ({ ...c, type: change(c.type, i) })) })
  }

  #translate(names: readonly string[], rules: readonly CoreRule[], refuse: (r: SqlRefusal) => void): TranslatedRule[] {
    const frame = new Frame(names.map(name => this.#derived.get(name)!))
    return rules.flatMap(rule => {
      try {
        return [translateRule(rule, this.#scope(rule, names, frame))]
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        refuse({ rule, diagnostic: diagnosticOf(error) })
        return []
      }
    })
  }

  #scope(rule: CoreRule, names: readonly string[], frame: Frame): RuleScope {
    const counts = new Map<string, number>()
    return {
      rule,
      component: new Set(names),
      own: name => frame.reading(this.#derived.get(name)!),
      table: name => this.#table(name),
      lacking: name => this.#lacking.get(name),
      alias: prefix => {
        const n = (counts.get(prefix) ?? 0) + 1
        counts.set(prefix, n)
        return `${prefix}${n}`
      },
      use: name => {
        this.functions.add(name)
        return `usher.${name}`
      },
    }
  }

  #table(name: string): SqlTable {
    const known = this.#derived.get(name) ?? this.data.get(name)
    if (known) return known
    const table = dataTable(this.#program, this.#program.tables.get(name)!, this.#rows)
    this.data.set(name, table)
    return table
  }

  /** A refused rule, or a rule over a table that lacks rows, makes its table lack rows, and with it all tables of the component. */
  #markLacking(names: readonly string[], rules: readonly CoreRule[], translated: readonly TranslatedRule[]): void {
    const done = new Set(translated.map(r => r.rule))
    for (let grew = true; grew; ) {
      grew = false
      for (const rule of rules) {
        if (this.#lacking.has(rule.head.table)) continue
        const own = done.has(rule)
          ? this.#lackingBelow(rule.body)
          : this.refused.find(r => r.rule === rule)!.diagnostic.span
        if (!own) continue
        this.#lacking.set(rule.head.table, own)
        grew = names.length > 1
      }
    }
  }

  #lackingBelow(body: readonly CoreLiteral[]): Span | undefined {
    for (const l of body) {
      const found = l.kind === 'atom' ? this.#lacking.get(l.table) : undefined
      if (found) return found
    }
    return undefined
  }
}

const helps: Readonly<Record<string, string>> = {
  'sql/builtin': 'compute the value where the tables are made, or watch this rule with Usher',
  'sql/function': 'compute the value where the tables are made, or watch this rule with Usher',
  'sql/recursion': 'let each rule read its own table once: `path(a, c) :- path(a, b), edge(b, c)`',
  'sql/text': 'leave the character out of the text',
  'sql/incomplete': 'see the refusal named here',
}

function diagnosticOf({ code, message, span, note }: Refusal): Diagnostic {
  const base = { code, severity: 'warning', message, span, help: helps[code]! } as const
  if (!note) return base
  return { ...base, notes: [{ message: code === 'sql/recursion' ? 'read here too' : 'left out here', span: note }] }
}

function lackingNote(table: string, span: Span): string {
  return `-- Rows of ${table.replace(/[\r\n]+/g, ' ')} are missing: see ${span.file.replace(/[\r\n]+/g, ' ')}:${span.line}, which has no SQL form.\n`
}
