import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Row, Value } from '../../tables/index.ts'
import { Accumulator } from '../aggregate.ts'
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

  it('of several columns are what their rows add up to, under changes that stay and changes that do not', () => {
    fc.assert(
      fc.property(rowsOfCurves, fc.array(fc.tuple(rowsOfCurves, rowsOfCurves), { maxLength: 6 }), (first, changes) => {
        const e = curves(first)
        let rows = [...first]
        expect(e.view.rows('figures')).toEqual(added(rows))
        for (const [away, come] of changes) {
          const next = distinct([...rows.filter(r => !away.some(a => isSame(a, r))), ...come])
          const delta = { table: 'curve', removed: away.filter(a => !come.some(c => isSame(a, c))), inserted: come }
          e.whatIf([delta], view => {
            expect(view.rows('figures')).toEqual(added(next))
            const back = { table: 'curve', removed: next, inserted: rows }
            e.whatIf([back], inner => expect(inner.rows('figures')).toEqual(added(rows)))
            expect(view.rows('figures')).toEqual(added(next))
          })
          expect(e.view.rows('figures')).toEqual(added(rows))
          e.apply([delta])
          rows = next
          expect(e.view.rows('figures')).toEqual(added(rows))
        }
      }),
      { numRuns: RUNS },
    )
  })
})

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60)

/** An app, a moment, and a load: fractions, numbers that outlast any double when added, and what can not be added. */
const rowsOfCurves = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.nat(3),
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(0.1, 0.7, 1 / 3, 3, 12.25, -0.3, 1e-9) },
        { weight: 2, arbitrary: fc.constantFrom(1e30, -1e30, 1e-40, 2 ** 52, -(2 ** 52)) },
        { weight: 1, arbitrary: fc.constantFrom('much', 1e299) },
      ),
    ),
    { maxLength: 24 },
  )
  .map(distinct)

const HOMES: readonly Row[] = [
  ['v1', 'a', 'h1'],
  ['v2', 'b', 'h1'],
  ['v3', 'a', 'h2'],
  ['v4', 'c', 'h2'],
  ['v5', 'd', 'h2'],
]

function isSame(a: Row, b: Row): boolean {
  return a.every((v, i) => v === b[i])
}

function distinct<R extends Row>(rows: readonly R[]): R[] {
  return rows.filter((r, i) => rows.findIndex(other => isSame(other, r)) === i)
}

/** Sum, count and mean for each host and moment, each asked for by two rules that name things differently. */
function curves(rows: readonly Row[]) {
  const figures = (['sum', 'count', 'mean'] as const).flatMap(operator => [
    rule('figures', [operator, '?h', '?t', '?s'], b => [
      b.atom('host', ['?h']),
      b.atom('moment', ['?t']),
      b.aggregate(
        's',
        operator,
        operator === 'count' ? undefined : b.v('x'),
        [b.atom('home', ['?v', '?a', '?h']), b.atom('curve', ['?a', '?t', '?x'])],
        ['h', 't'],
      ),
    ]),
    rule('figures', [operator, '?host', '?time', '?it'], b => [
      b.atom('moment', ['?time']),
      b.atom('host', ['?host']),
      b.aggregate(
        'it',
        operator,
        operator === 'count' ? undefined : b.v('load'),
        [b.atom('home', ['?vm', '?app', '?host']), b.atom('curve', ['?app', '?time', '?load'])],
        ['time', 'host'],
      ),
    ]),
  ])
  const e = createEvaluator(program(figures), { watch: ['figures'] })
  const moments = [0, 1, 2, 3].map(t => [t])
  e.load([table('host', [['h1'], ['h2']]), table('moment', moments), table('home', HOMES), table('curve', rows, 3)])
  return e
}

function added(rows: readonly Row[]): Row[] {
  const answer: Row[] = []
  for (const operator of ['count', 'mean', 'sum'] as const) {
    for (const host of ['h1', 'h2']) {
      for (const moment of [0, 1, 2, 3]) {
        const group = new Accumulator(operator)
        for (const [, app, home] of HOMES) {
          if (home !== host) continue
          for (const [of, t, load] of rows) if (of === app && t === moment) group.add(load)
        }
        if (operator === 'mean' && group.bindings === 0) continue
        const value = group.result(() => {})
        if (value !== undefined) answer.push([operator, host, moment, value])
      }
    }
  }
  return answer
}
