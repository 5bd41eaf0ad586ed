import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkPolicies, type Program, parsePolicy } from '../language/index.ts'
import type { ColumnType, Row, TableData, TableSchema } from '../tables/index.ts'
import { type TranslateOptions, translateToSql } from './index.ts'

const here = join(import.meta.dirname, 'testing')

function schema(table: string, columns: Record<string, ColumnType | undefined>): TableSchema {
  return { table, columns: Object.entries(columns).map(([name, type]) => (type ? { name, type } : { name })) }
}

function compile(text: string, schemas: readonly TableSchema[], file = 'example.dl'): Program {
  const { policy, diagnostics } = parsePolicy(text, file)
  const checked = checkPolicies([policy], { schemas })
  expect([...diagnostics, ...checked.diagnostics].filter(d => d.severity === 'error')).toEqual([])
  return checked.program
}

function data(schema: TableSchema, rows: readonly Row[]): TableData {
  return { schema, rows, provenance: { source: 'test', readAt: '2026-01-01T00:00:00Z' } }
}

function translate(text: string, tables: readonly TableData[], options: Omit<TranslateOptions, 'tables'> = {}) {
  const program = compile(
    text,
    tables.map(t => t.schema),
  )
  return translateToSql(program, { ...options, tables: new Map(tables.map(t => [t.schema.table, t])) })
}

describe('translation to SQL', () => {
  const schemas = [
    schema('located', { vm: 'string', host: 'string' }),
    schema('kind', { host: 'string', kind: 'string' }),
    schema('same_group', { a: 'string', b: 'string' }),
    schema('capacity', { host: 'string', cpu: 'number' }),
    schema('cpu', { vm: 'string', load: 'number' }),
    schema('tag', { vm: 'string', value: undefined }),
  ]
  const program = compile(readFileSync(join(here, 'example.dl'), 'utf8'), schemas)
  const result = translateToSql(program)

  it('writes what stands in the golden file', async () => {
    await expect(`${result.parts.tables}\n${result.parts.views}`).toMatchFileSnapshot(join(here, 'example.sql'))
  })

  it('refuses what has no exact form, with rule, place and reason', () => {
    const refused = result.refused.map(({ rule, diagnostic: d }) => `${rule.span.line} ${d.code}: ${d.message}`)
    expect(refused.sort()).toEqual([
      '28 sql/recursion: a recursive query can read its own result only once',
      '29 sql/builtin: `ip_in_network` has no exact form in PostgreSQL',
      '30 sql/function: `exp` may differ in its last digit in PostgreSQL',
      "31 sql/incomplete: the view of `example:inside` lacks rows, so its absence can't be told",
    ])
    for (const { diagnostic } of result.refused)
      expect(diagnostic).toMatchObject({ span: {}, help: expect.any(String) })
  })

  it('marks the views that miss a refused rule, directly or through others', () => {
    const lacking = result.views.filter(v => !v.complete).map(v => v.table)
    expect(lacking.sort()).toEqual([
      'example:all_inside',
      'example:grows',
      'example:inside',
      'example:outside',
      'example:path',
    ])
  })

  it('brings only the functions that the views call, each after those it calls', () => {
    const plain = translate('p(x) :- q(x).', [data(schema('q', { x: 'string' }), [])])
    expect(plain.parts.functions).toBe('')
    const sum = translate('p(y) :- q(x), y = x + 1.', [data(schema('q', { x: 'number' }), [])])
    const made = [...sum.parts.functions.matchAll(/FUNCTION usher\.(\w+)/g)].map(m => m[1])
    expect(made).toEqual(['settle', 'extreme', 'add'])
  })

  it('stores a declared column as its type, unless its rows hold something else', () => {
    const q = schema('q', { name: 'string', size: 'number', on: 'boolean', any: 'any', none: undefined })
    const types = (rows: readonly Row[]) =>
      translate('p(a, b, c, d, e) :- q(a, b, c, d, e).', [data(q, rows)]).views[0]!.columns.map(c => c.type)
    expect(types([['a', 1, true, 1, 'a']])).toEqual(['text', 'number', 'boolean', 'any', 'any'])
    expect(types([['a', null, true, 1, 'a']])).toEqual(['text', 'any', 'boolean', 'any', 'any'])
  })

  it('widens a derived column to hold what all its rules give', () => {
    const q = data(schema('q', { name: 'string', size: 'number' }), [])
    const { views } = translate(
      'p(x) :- q(x, _).\np(y) :- q(_, y).\nr(1).\nr(2.5).\ns("a").\ns(null).\nt(x) :- t(x).',
      [q],
    )
    expect(Object.fromEntries(views.map(v => [v.table, v.columns[0]!.type]))).toEqual({
      'example:p': 'any',
      'example:r': 'number',
      'example:s': 'any',
      'example:t': 'any',
    })
  })

  it('quotes names and texts, and keeps long names apart', () => {
    const long = 'a'.repeat(70)
    const q = data(schema(`${long}:x`, { 'the "name"': 'string', '': 'string', c2: 'string' }), [["it's", '\\', '\n']])
    const r = data(schema(`${long}:y`, { name: 'string' }), [])
    const { parts, tables } = translate(`p(x) :- ${long}:x(x, y, _), ${long}:y(y).`, [q, r], { inserts: true })
    expect(new Set(tables.map(t => t.name)).size).toBe(2)
    expect(parts.tables).toContain('"the ""name""" text NOT NULL')
    expect(parts.tables).toContain('"c2" text NOT NULL,\n  "c2 3" text NOT NULL')
    expect(parts.rows).toContain("('it''s', '\\', '\n')")
    for (const name of parts.tables.matchAll(/TABLE "([^"]+)"/g)) expect(name[1]!.length).toBeLessThanOrEqual(63)
  })

  it('refuses a text that PostgreSQL can not hold, in a rule and in a row', () => {
    const q = schema('q', { x: 'string' })
    const inRule = translate('p(x) :- q(x), x != "a\\u0000".', [data(q, [])])
    expect(inRule.refused.map(r => r.diagnostic.code)).toEqual(['sql/text'])
    expect(() => translate('p(x) :- q(x).', [data(q, [['\ud800']])], { inserts: true })).toThrowError(/can't store/)
  })
})
