import { describe, expect, it } from 'vitest'
import type { CoreRule } from '../language/index.ts'
import { createEvaluator } from './index.ts'
import { program, rule, table } from './testing/core.ts'

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
