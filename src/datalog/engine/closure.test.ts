import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Delta } from '../../tables/index.ts'
import { createEvaluator } from '../index.ts'
import { program, rule, table } from '../testing/core.ts'

/** Pairs connected by a path, by a search from each node. */
function reachable(edges: readonly (readonly [number, number])[]): string[] {
  const next = new Map<number, number[]>()
  for (const [a, b] of edges) next.set(a, [...(next.get(a) ?? []), b])
  const pairs: string[] = []
  for (const start of next.keys()) {
    const seen = new Set<number>()
    const open = [start]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const to of next.get(node) ?? []) {
        if (seen.has(to)) continue
        seen.add(to)
        pairs.push(`${start},${to}`)
        open.push(to)
      }
    }
  }
  return pairs.sort()
}

describe('large recursive tables', () => {
  const forms = {
    linear: [
      rule('reach', ['?x', '?y'], b => [b.atom('edge', ['?x', '?y'])]),
      rule('reach', ['?x', '?z'], b => [b.atom('reach', ['?x', '?y']), b.atom('edge', ['?y', '?z'])]),
    ],
    'with both literals recursive': [
      rule('reach', ['?x', '?y'], b => [b.atom('edge', ['?x', '?y'])]),
      rule('reach', ['?x', '?z'], b => [b.atom('reach', ['?x', '?y']), b.atom('reach', ['?y', '?z'])]),
    ],
  }
  const n = 220
  const chain = Array.from({ length: n }, (_, i): [number, number] => [i, i + 1])

  it.each(Object.entries(forms))('grow and shrink right, %s', (_, rules) => {
    const e = createEvaluator(program(rules), { watch: ['reach'] })
    e.load([table('edge', chain)])
    const check = (edges: readonly (readonly [number, number])[]) =>
      expect(e.view.rows('reach').map(String).sort()).toEqual(reachable(edges))
    check(chain)
    expect(e.view.count('reach')).toBeGreaterThan(20_000)
    const cut: Delta = { table: 'edge', removed: [[100, 101]], inserted: [[10_000, 3]] }
    e.whatIf([cut], view => {
      expect(view.count('reach')).toBe(reachable([...chain.filter(([a]) => a !== 100), [10_000, 3]]).length)
    })
    check(chain)
    const changes = e.apply([cut]).get('reach')!
    check([...chain.filter(([a]) => a !== 100), [10_000, 3]])
    expect(changes.removed).toHaveLength(101 * 120)
    e.apply([{ table: 'edge', removed: [], inserted: [[100, 101]] }])
    check([...chain, [10_000, 3]])
  })
})

describe('closures', () => {
  const step = (...names: readonly [string, string]) =>
    rule('reach', ['?x', '?z'], b => [b.atom(names[0], ['?x', '?y']), b.atom(names[1], ['?y', '?z'])])
  const base = (name: string) => rule('reach', ['?x', '?y'], b => [b.atom(name, ['?x', '?y'])])
  const turned = rule('reach', ['?x', '?z'], b => [b.atom('edge', ['?y', '?z']), b.atom('reach', ['?x', '?y'])])
  const forms = {
    'edges last': [base('edge'), step('reach', 'edge')],
    'edges first': [base('edge'), step('edge', 'reach')],
    'literals in another order': [base('edge'), turned],
    'paths of paths': [base('edge'), step('reach', 'reach')],
    'edges in two tables': [base('edge'), base('more'), step('reach', 'edge'), step('reach', 'more')],
    'edges in two tables, paths of paths': [base('edge'), base('more'), step('reach', 'reach')],
  }
  const pairs = (nodes: number) =>
    fc.uniqueArray(fc.tuple(fc.nat(nodes), fc.nat(nodes)), { minLength: 1, maxLength: 80, selector: String })

  it.each(Object.entries(forms))('of any graph: %s', (name, rules) => {
    const two = name.includes('two')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }).chain(n => fc.tuple(pairs(n), pairs(n))),
        ([edges, others]) => {
          const e = createEvaluator(program(rules), { watch: ['reach'] })
          const more = two ? others : []
          e.load([table('edge', edges), ...(two ? [table('more', more)] : [])])
          const all = [...edges, ...more]
          expect(e.view.rows('reach').map(String).sort()).toEqual(reachable(all))
          const [gone] = edges
          if (gone) e.apply([{ table: 'edge', removed: [gone], inserted: [] }])
          const left = [...edges.slice(1), ...more]
          expect(e.view.rows('reach').map(String).sort()).toEqual(reachable(left))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('are not seen in rules that only look like them', () => {
    const edges = [
      [1, 2],
      [2, 3],
      [3, 4],
    ]
    const answer = (rules: (typeof forms)[keyof typeof forms], given: readonly (readonly number[])[] = []) => {
      const e = createEvaluator(program(rules))
      e.load([
        table('edge', edges),
        table('more', [
          [1, 9],
          [9, 2],
        ]),
        ...(given.length > 0 ? [table('reach', given)] : []),
      ])
      return e.view.rows('reach').map(String).sort().join(' ')
    }
    // Two tables of edges of which one is never followed, or never begins a path; edges against their direction; rows from data.
    expect(answer([base('edge'), base('more'), step('reach', 'edge')])).toBe('1,2 1,3 1,4 1,9 2,3 2,4 3,4 9,2 9,3 9,4')
    expect(answer([base('edge'), step('reach', 'edge'), step('reach', 'more')])).toBe('1,2 1,3 1,4 2,3 2,4 3,4')
    const back = rule('reach', ['?x', '?z'], b => [b.atom('reach', ['?x', '?y']), b.atom('edge', ['?z', '?y'])])
    expect(answer([base('edge'), back])).toBe('1,1 1,2 2,1 2,2 2,3 3,1 3,2 3,3 3,4')
    expect(answer([base('edge'), step('reach', 'edge')], [[7, 2]])).toBe('1,2 1,3 1,4 2,3 2,4 3,4 7,2 7,3 7,4')
  })

  it('stop at the limit of derived tuples', () => {
    const chain = Array.from({ length: 300 }, (_, i) => [i, i + 1])
    const e = createEvaluator(program([base('edge'), step('reach', 'edge')]), { limits: { derivedTuples: 40_000 } })
    expect(() => e.load([table('edge', chain)])).toThrow(/derived more than 40000 tuples/)
  })
})
