import { describe, expect, it } from 'vitest'
import type { Value } from '../../tables/index.ts'
import { createEvaluator } from '../index.ts'
import { program, rule, table } from '../testing/core.ts'

/** Each host's figure, over rows of host and load. */
function evaluator(operator: 'sum' | 'count' | 'mean', rows: readonly (readonly Value[])[]) {
  const total = rule('total', ['?h', '?s'], b => [
    b.atom('host', ['?h']),
    b.aggregate(
      's',
      operator,
      operator === 'count' ? undefined : b.v('x'),
      [b.atom('load', ['?v', '?h', '?x'])],
      ['h'],
    ),
  ])
  const e = createEvaluator(program([total]), { watch: ['total'] })
  const hosts = [...new Set(rows.map(r => r[1]!))]
  e.load([
    table(
      'host',
      hosts.map(h => [h]),
    ),
    table('load', rows),
  ])
  return e
}

describe('groups', () => {
  const figures = (e: ReturnType<typeof evaluator>) => Object.fromEntries(e.view.rows('total').map(([h, s]) => [h, s]))

  it('add up whole numbers and fractions exactly, whatever the order, and go on doing so', () => {
    const rows = [
      [1, 'a', 1],
      [2, 'b', 0.1],
      [3, 'a', 2],
      [4, 'b', 0.2],
      [5, 'b', 1e16],
      [6, 'a', 3],
      [7, 'b', -1e16],
      [8, 'b', 0.3],
    ]
    for (const order of [rows, rows.toReversed()]) {
      const e = evaluator('sum', order)
      // 0.1 + 0.2 + 0.3 of the doubles, rounded once.
      expect(figures(e)).toEqual({ a: 6, b: 0.6 })
      e.apply([{ table: 'load', removed: [[4, 'b', 0.2]], inserted: [[9, 'a', 0.5]] }])
      expect(figures(e)).toEqual({ a: 6.5, b: 0.4 })
    }
    expect(figures(evaluator('mean', rows)).a).toBe(2)
    expect(figures(evaluator('count', rows))).toEqual({ a: 3, b: 5 })
  })

  it('fail alone, where a value is no number or a sum too large', () => {
    const rows = [
      [1, 'a', 1],
      [2, 'b', 'much'],
      [3, 'a', 2],
      [4, 'b', 2],
      [5, 'c', 2 ** 53],
      [6, 'c', 2 ** 53],
      [7, 'd', 1e300],
    ]
    const e = evaluator('sum', rows)
    expect(figures(e)).toEqual({ a: 3 })
    const removed = [rows[1]!, rows[5]!, rows[6]!]
    e.apply([{ table: 'load', removed, inserted: [] }])
    expect(figures(e)).toEqual({ a: 3, b: 2, d: 0 })
  })

  it('are as many as there are keys', () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => [i, `h${i % 20_000}`, i % 7])
    const sums = new Map<string, number>()
    for (const [, h, x] of rows) sums.set(h as string, (sums.get(h as string) ?? 0) + (x as number))
    expect(figures(evaluator('sum', rows))).toEqual(Object.fromEntries(sums))
  })
})
