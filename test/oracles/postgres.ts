import type { Program } from '../../src/language/index.ts'
import { allFunctions, functionsSql, type SqlTranslation, translateToSql } from '../../src/sql/index.ts'
import { insertsSql } from '../../src/sql/inserts.ts'
import { quoted } from '../../src/sql/names.ts'
import type { Row, TableData } from '../../src/tables/index.ts'
import type { Answers } from './answers.ts'
import type { Cluster } from './cluster.ts'

export interface PostgresQuestion {
  readonly program: Program
  readonly states: readonly (readonly TableData[])[]
}

export interface PostgresAnswer {
  readonly translation: SqlTranslation
  /** Tables whose views lack rows. */
  readonly lacking: ReadonlySet<string>
  readonly answers: Answers
}

/** Make the functions once, for all questions. */
export async function prepare(cluster: Cluster): Promise<void> {
  const { errors } = await cluster.run(`SET client_min_messages = error; ${functionsSql(allFunctions)}`)
  if (errors !== '') throw new Error(`the functions can't be made: ${errors}`)
}

/** Ask many questions in one session, each in a transaction that is rolled back. */
export async function askPostgres(
  cluster: Cluster,
  questions: readonly PostgresQuestion[],
): Promise<readonly PostgresAnswer[]> {
  const translations = questions.map(({ program, states }) =>
    translateToSql(program, { tables: new Map(states[0]!.map(t => [t.schema.table, t])) }),
  )
  const script = questions.map((q, i) => questionSql(i, q, translations[i]!)).join('')
  const { output, errors } = await cluster.run(
    `SET client_min_messages = error; SET statement_timeout = '10s';\n${script}`,
  )
  const found = questions.map(q => q.states.map(() => new Map<string, readonly Row[]>()))
  for (const line of output.split('\n')) {
    if (line === '') continue
    const { q, s, t, rows } = JSON.parse(line) as { q: number; s: number; t: string; rows: Row[] }
    found[q]![s]!.set(t, rows)
  }
  return Promise.all(
    translations.map(async (translation, i): Promise<PostgresAnswer> => {
      const lacking = new Set(translation.views.filter(v => !v.complete).map(v => v.table))
      const whole = found[i]!.every(answer => answer.size === translation.views.length)
      if (whole) return { translation, lacking, answers: found[i]! }
      // Errors of a whole session can't be told apart: ask alone what has no answer.
      const failed = questions.length === 1 ? errors.trim().split('\n')[0]! : undefined
      if (failed !== undefined) return { translation, lacking, answers: { failed } }
      return (await askPostgres(cluster, [questions[i]!]))[0]!
    }),
  )
}

function questionSql(q: number, { states }: PostgresQuestion, translation: SqlTranslation): string {
  const { tables, views, parts } = translation
  const insert = (state: readonly TableData[]) =>
    tables.map(t => insertsSql(t, state.find(d => d.schema.table === t.table)?.rows ?? [])).join('')
  const reads = (s: number) =>
    views.map(v => {
      const row = `json_build_array(${v.columns.map(c => quoted(c.name)).join(', ')})`
      const rows = `(SELECT coalesce(json_agg(${row}), '[]') FROM ${quoted(v.name)})`
      return `SELECT jsonb_build_object('q', ${q}, 's', ${s}, 't', '${v.table}', 'rows', ${rows});\n`
    })
  const clear = tables.map(t => `DELETE FROM ${quoted(t.name)};\n`).join('')
  return [
    'BEGIN;\nCREATE SCHEMA p;\nSET LOCAL search_path = p;\n',
    parts.tables,
    parts.views,
    ...states.flatMap((state, s) => [s === 0 ? '' : clear, insert(state), ...reads(s)]),
    'ROLLBACK;\n',
  ].join('')
}
