import { expect, it } from 'vitest'
import { onCycles } from './move-cycles.ts'
import { Random } from './random.ts'

it('keeps moves that go round in a circle, and what leads from one circle to another', () => {
  // 0→1→0, 1→2, 2→3→2, 3→4, 5→0
  const from = [0, 1, 1, 2, 3, 3, 5]
  const to = [1, 0, 2, 3, 2, 4, 0]
  expect([...onCycles([...from.keys()], from, to)]).toEqual([0, 1, 2, 3, 4])
})

it('keeps every move from which a walk along moves comes back', () => {
  const random = new Random(1)
  for (let round = 0; round < 200; round++) {
    const from = Array.from({ length: 12 }, () => random.below(8))
    const to = from.map(h => (h + 1 + random.below(7)) % 8)
    const kept = onCycles([...from.keys()], from, to)
    for (const vm of from.keys()) {
      const reached = new Set([to[vm]!])
      for (let size = -1; size !== reached.size; ) {
        size = reached.size
        for (const [other, host] of from.entries()) if (reached.has(host)) reached.add(to[other]!)
      }
      if (reached.has(from[vm]!)) expect(kept.has(vm)).toBe(true)
    }
  }
})
