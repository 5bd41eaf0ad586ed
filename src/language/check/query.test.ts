import { describe, expect, it } from 'vitest'
import { checkQuery, QUERY, readTuple } from './query.ts'
import { renderLiteral, renderRule, renderTuple } from './render.ts'
import { check } from './testing/expect.ts'

const { program } = check({ 'a.dl': 'error(x, y) :- r(x, y)  n(x) :- q(x)', 'b.dl': 'error(x) :- q(x)' })

describe('checkQuery', () => {
  it('answers with the named variables in order of first occurrence', () => {
    const { rule, diagnostics } = checkQuery('error(b, a), q(a), n = count : { r(a, c) }, _x = 1', program)
    expect(diagnostics).toEqual([])
    expect(rule?.head.table).toBe(QUERY)
    expect(rule?.head.args.map(a => a.kind === 'variable' && rule.variables[a.index])).toEqual(['b', 'a', 'n', '_x'])
  })

  it('reads names inside a policy', () => {
    expect(checkQuery('error(x)', program, 'b').rule?.body[0]).toMatchObject({ table: 'b:error' })
    expect(checkQuery('b:error(x)', program).rule?.body[0]).toMatchObject({ table: 'b:error' })
    expect(checkQuery('error(x)', program).diagnostics[0]).toMatchObject({
      code: 'language/arity',
      span: { file: QUERY, column: 1 },
    })
  })

  it('finds the table of a violation by its arity', () => {
    const two = check('warning(x, y) :- r(x, y)  warning(x) :- q(x)').program
    const tableOf = (text: string) => checkQuery(text, two).rule?.body.map(l => l.kind === 'atom' && l.table)
    expect(tableOf('warning(x), m:warning(x, _), not warning(1)')).toEqual(['m:warning/1', 'm:warning', 'm:warning/1'])
    expect(readTuple('warning(1)', two).tuple).toEqual({ table: 'm:warning/1', row: [1] })
    expect(readTuple('warning(1, 2)', two).tuple).toEqual({ table: 'm:warning', row: [1, 2] })
    expect(checkQuery('warning(x, y, z)', two).diagnostics).toMatchObject([
      { code: 'language/arity', message: '`warning` has 1 or 2 columns, but 3 arguments are given' },
    ])
    expect(renderTuple(two, 'm:warning/1', [1])).toBe('warning(1)')
  })

  it('reports what makes no query', () => {
    expect(checkQuery('not q(x)', program).diagnostics[0]?.code).toBe('language/unsafe-variable')
    expect(checkQuery('missing(x)', program)).toMatchObject({ diagnostics: [{ code: 'language/unknown-table' }] })
    expect(checkQuery('missing(x)', program).rule).toBeDefined()
    expect(checkQuery('q(x', program).rule).toBeUndefined()
    expect(checkQuery('', program).rule).toBeUndefined()
  })
})

describe('readTuple', () => {
  it('reads constants by position or name', () => {
    expect(readTuple('error("s1", -2.5)', program).tuple).toEqual({ table: 'a:error', row: ['s1', -2.5] })
    expect(readTuple('nova:servers(host=true, id=null, name="n")', program).tuple).toEqual({
      table: 'nova:servers',
      row: [null, 'n', true],
    })
  })

  it('refuses what is no single tuple', () => {
    for (const text of ['error("s1", x)', 'error("s1", _)', 'q(1), q(2)', 'not q(1)', 'lt(1, 2)'])
      expect(
        readTuple(text, program).diagnostics.map(d => d.code),
        text,
      ).toContain('language/no-tuple')
  })
})

describe('rendering', () => {
  it('writes tuples as their authors do', () => {
    expect(renderTuple(program, 'a:error', ['s"1', 2])).toBe('error("s\\"1", 2)')
    expect(renderTuple(program, 'nova:servers', ['a', undefined, null])).toBe('nova:servers("a", _, null)')
    const modal = check('predict[q(x)] :- s(x)').program
    expect(renderTuple(modal, 'predict[q]', [1])).toBe('predict[q(1)]')
  })

  it('writes expressions with the fewest parentheses', () => {
    const { program: p } = check('p(y) :- r(a, b), y = (a - (b - 1)) * 2 / -(a + b), not lt(a, b), y > min(a, b) % 3')
    const rule = p.rules[0]!
    expect(renderRule(p, rule)).toBe(
      'p(y) :- r(a, b), y = (a - (b - 1)) * 2 / -(a + b), not (a < b), y > min(a, b) % 3',
    )
    expect(renderLiteral(p, rule, rule.body[0]!, i => `${i * 10}`)).toMatch(/^r\(\d+, \d+\)$/)
  })
})
