import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import type { CoreRule } from '../language/index.ts'
import { createEvaluator } from './index.ts'
import { program, type RuleBuilder, rule, table } from './testing/core.ts'

const antiAffinity = rule('error', ['?h', '?a', '?b'], b => [
  b.atom('group', ['?a', '?b']),
  b.atom('location', ['?a', '?h']),
  b.atom('location', ['?b', '?h']),
])

function evaluator(...rules: CoreRule[]) {
  return createEvaluator(program(rules), { watch: ['error', 'reach', 'over'] })
}

describe('evaluator', () => {
  it('joins, reports changes, and goes back after whatIf', () => {
    const e = evaluator(antiAffinity)
    e.load([
      table('group', [['a', 'b']]),
      table('location', [
        ['a', 'h1'],
        ['b', 'h2'],
      ]),
    ])
    expect(e.view.rows('error')).toEqual([])
    const move = { table: 'location', removed: [['b', 'h2']], inserted: [['b', 'h1']] }
    const seen = e.whatIf([move], (view, changes) => [view.rows('error'), changes.get('error')?.inserted])
    expect(seen).toEqual([[['h1', 'a', 'b']], [['h1', 'a', 'b']]])
    expect(e.view.rows('error')).toEqual([])
    expect(e.apply([move]).get('error')).toEqual({ inserted: [['h1', 'a', 'b']], removed: [] })
    expect(e.view.rows('error')).toEqual([['h1', 'a', 'b']])
  })

  it('recurses, with negation on top', () => {
    const e = evaluator(
      rule('reach', ['?x', '?y'], b => [b.atom('edge', ['?x', '?y'])]),
      rule('reach', ['?x', '?z'], b => [b.atom('reach', ['?x', '?y']), b.atom('edge', ['?y', '?z'])]),
      rule('error', ['?x'], b => [b.atom('node', ['?x']), b.atom('reach', ['?x', '_'], true)]),
    )
    e.load([
      table('edge', [
        [1, 2],
        [2, 3],
        [3, 1],
      ]),
      table('node', [[1], [4]]),
    ])
    expect(e.view.count('reach')).toBe(9)
    expect(e.view.rows('error')).toEqual([[4]])
    e.apply([{ table: 'edge', removed: [[3, 1]], inserted: [] }])
    expect(e.view.rows('reach')).toEqual([
      [1, 2],
      [1, 3],
      [2, 3],
    ])
  })

  it('aggregates over distinct bindings', () => {
    const e = evaluator(
      rule('over', ['?h', '?s'], b => [
        b.atom('cap', ['?h', '?c']),
        b.aggregate('s', 'sum', b.v('x'), [b.atom('location', ['?v', '?h']), b.atom('cpu', ['?v', '?x'])], ['h']),
        b.compare('?s', '>', '?c'),
      ]),
    )
    e.load([
      table('cap', [
        ['h1', 3],
        ['h2', 3],
      ]),
      table('location', [
        ['a', 'h1'],
        ['b', 'h1'],
        ['c', 'h2'],
      ]),
      table('cpu', [
        ['a', 2],
        ['b', 2],
        ['c', 1],
      ]),
    ])
    expect(e.view.rows('over')).toEqual([['h1', 4]])
  })
})

describe('bad input', () => {
  const reach = [
    rule('reach', ['?x', '?y'], b => [b.atom('edge', ['?x', '?y'])]),
    rule('reach', ['?x', '?z'], b => [b.atom('reach', ['?x', '?y']), b.atom('edge', ['?y', '?z'])]),
  ]
  const edges = table('edge', [
    [1, 2],
    [2, 3],
  ])

  function codeOf(act: () => unknown): string | undefined {
    try {
      act()
      return undefined
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error
      return error.diagnostics[0]?.code
    }
  }

  function loaded() {
    const e = evaluator(...reach)
    e.load([edges])
    return e
  }

  it('refuses deltas for unknown tables, with a name that is close', () => {
    const e = loaded()
    const deltas = [
      { table: 'edge', inserted: [[3, 4]], removed: [] },
      { table: 'edgy', inserted: [[1]], removed: [] },
    ]
    expect(() => e.apply(deltas)).toThrow('table `edgy` is not known')
    expect(codeOf(() => e.apply(deltas))).toBe('datalog/unknown-table')
    expect(e.view.count('edge')).toBe(2)
    expect(e.view.count('reach')).toBe(3)
  })

  it('refuses rows of a wrong length, in deltas and in tables', () => {
    const e = loaded()
    expect(codeOf(() => e.apply([{ table: 'edge', inserted: [[1]], removed: [] }]))).toBe('datalog/wrong-arity')
    expect(codeOf(() => e.apply([{ table: 'edge', inserted: [], removed: [[1, 2, 3]] }]))).toBe('datalog/wrong-arity')
    expect(codeOf(() => e.load([table('edge', [[1, 2], [3]])]))).toBe('datalog/wrong-arity')
    expect(codeOf(() => e.load([table('edge', [[1, 2, 3]])]))).toBe('datalog/wrong-arity')
    expect(e.view.count('reach')).toBe(3)
  })

  it('refuses what is no value', () => {
    const e = loaded()
    expect(codeOf(() => e.apply([{ table: 'edge', inserted: [[1, Number.NaN]], removed: [] }]))).toBe(
      'datalog/bad-value',
    )
    expect(codeOf(() => e.load([table('edge', [[1, undefined as never]])]))).toBe('datalog/bad-value')
    expect(e.view.rows('edge')).toEqual([
      [1, 2],
      [2, 3],
    ])
  })

  it('removes what is not there and inserts what is there without a change', () => {
    const e = loaded()
    const changes = e.apply([{ table: 'edge', inserted: [[1, 2]], removed: [[7, 8]] }])
    expect(changes.size).toBe(0)
    expect(e.apply([{ table: 'edge', inserted: [[1, 2]], removed: [[1, 2]] }]).size).toBe(0)
  })

  it('refuses rules that depend on their own negation', () => {
    const loop = rule('p', ['?x'], b => [b.atom('q', ['?x']), b.atom('p', ['?x'], true)])
    expect(codeOf(() => createEvaluator(program([loop])))).toBe('datalog/unstratified')
  })

  it('stops at a limit, names the rule, and keeps the state', () => {
    const cross = rule('pair', ['?x', '?y', '?z'], b => [b.atom('n', ['?x']), b.atom('n', ['?y']), b.atom('n', ['?z'])])
    const numbers = Array.from({ length: 400 }, (_, i) => [i])
    for (const limits of [{ derivedTuples: 1000 }, { milliseconds: 200 }, { megabytes: 1 }]) {
      const e = createEvaluator(program([cross]), { limits })
      e.load([table('n', [[1], [2]])])
      const before = e.view.rows('pair')
      expect(() => e.load([table('n', numbers)])).toThrow(/rule `pair rule` was stopped/)
      expect(codeOf(() => e.apply([{ table: 'n', inserted: numbers, removed: [] }]))).toBe('datalog/limit')
      expect(codeOf(() => e.whatIf([{ table: 'n', inserted: numbers, removed: [] }], () => 1))).toBe('datalog/limit')
      expect(e.view.rows('pair')).toEqual(before)
      expect(e.view.count('n')).toBe(2)
      e.apply([{ table: 'n', inserted: [[3]], removed: [] }])
      expect(e.view.count('pair')).toBe(27)
    }
  })

  it('keeps tables that no rule reads, and takes deltas for them', () => {
    const e = loaded()
    e.load([table('notes', [['hello']])])
    e.apply([{ table: 'notes', inserted: [['again']], removed: [] }])
    expect(e.view.rows('notes')).toEqual([['again'], ['hello']])
    expect(e.query('notes(x)').rows).toEqual([['again'], ['hello']])
  })

  it('adds rows that data gives to a derived table', () => {
    const e = loaded()
    e.load([table('reach', [[9, 1]])])
    expect(e.view.rows('reach')).toEqual([
      [1, 2],
      [1, 3],
      [2, 3],
      [9, 1],
      [9, 2],
      [9, 3],
    ])
    e.apply([{ table: 'reach', inserted: [], removed: [[9, 1]] }])
    expect(e.view.count('reach')).toBe(3)
  })
})

describe('warnings', () => {
  it('count comparisons of mixed types, by place', () => {
    const e = evaluator(rule('error', ['?x'], b => [b.atom('n', ['?x']), b.compare('?x', '<', 5)]))
    e.load([table('n', [[1], ['a'], ['b'], [9]])])
    expect(e.view.rows('error')).toEqual([[1]])
    expect(e.warnings).toHaveLength(1)
    expect(e.warnings[0]).toMatchObject({ code: 'datalog/mixed-types', severity: 'warning' })
    expect(e.warnings[0]!.message).toContain('2 times')
  })

  it('fail a literal whose integer passes 2^53, and whose operand is text', () => {
    const sum = (b: RuleBuilder) => ({ kind: 'call', function: '+', args: [b.v('x'), b.v('x')] }) as const
    const e = evaluator(rule('error', ['?x', '?z'], b => [b.atom('n', ['?x']), b.compare('?z', '=', sum(b))]))
    e.load([table('n', [[1], [2 ** 53 - 1], ['a']])])
    expect(e.view.rows('error')).toEqual([[1, 2]])
    expect(e.warnings.map(w => w.code).sort()).toEqual(['datalog/integer-too-large', 'datalog/not-a-number'])
  })
})

describe('sums', () => {
  it('do not depend on the order of rows nor on what came and went', () => {
    const e = evaluator(
      rule('error', ['?s', '?m'], b => [
        b.aggregate('s', 'sum', b.v('x'), [b.atom('n', ['_', '?x'])], []),
        b.aggregate('m', 'mean', b.v('y'), [b.atom('n', ['_', '?y'])], []),
      ]),
    )
    const rows = [0.1, 0.2, 0.3, 1e15, 0.7, -1e15, 1e-20].map((x, i) => [i, x])
    e.load([table('n', rows)])
    const answer = e.view.rows('error')
    expect(answer[0]![0]).toBe(1.3)
    const back = [...rows].reverse()
    e.load([table('n', back)])
    expect(e.view.rows('error')).toEqual(answer)
    e.apply([{ table: 'n', inserted: [[8, 1e12 + 0.1]], removed: [rows[0]!] }])
    e.apply([{ table: 'n', inserted: [rows[0]!], removed: [[8, 1e12 + 0.1]] }])
    expect(e.view.rows('error')).toEqual(answer)
  })
})
