import { expect, it } from 'vitest'
import { createEvaluator } from './index.ts'
import { program, rule, table } from './testing/core.ts'

const reach = [
  rule('reach', ['?x', '?y'], b => [b.atom('edge', ['?x', '?y'])]),
  rule('reach', ['?x', '?z'], b => [b.atom('reach', ['?x', '?y']), b.atom('edge', ['?y', '?z'])]),
]
const pairs = rule('pairs', ['?x', '?y'], b => [b.atom('edge', ['?x', '_']), b.atom('edge', ['?y', '_'])])
const degree = rule('degree', ['?x', '?n'], b => [
  b.atom('edge', ['?x', '_']),
  b.aggregate('n', 'count', undefined, [b.atom('edge', ['?x', '?y'])], ['x']),
])
const chain = table(
  'edge',
  Array.from({ length: 50 }, (_, i) => [i, i + 1]),
)

it('counts what each rule derives and looks at, over loads and changes', () => {
  const checked = program([...reach, pairs, degree])
  const e = createEvaluator(checked, { profile: true })
  e.load([chain])
  const of = (id: number) => e.profile.find(p => p.rule === checked.rules[id])!
  expect(of(0).tuples + of(1).tuples).toBe((50 * 51) / 2)
  expect(of(2)).toMatchObject({ tuples: 2500, rows: 2550 })
  expect(of(3).runs).toBeGreaterThan(1)
  const times = e.profile.map(p => p.milliseconds)
  expect(times).toEqual([...times].sort((a, b) => b - a))
  const before = of(2)
  e.apply([{ table: 'edge', inserted: [[99, 100]], removed: [] }])
  expect(of(2).tuples - before.tuples).toBe(101)
  expect(of(2).rows - before.rows).toBeLessThan(210)
})

it('is empty when nobody asked', () => {
  const e = createEvaluator(program(reach))
  e.load([chain])
  expect(e.profile).toEqual([])
})
