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
