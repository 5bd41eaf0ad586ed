import fc from 'fast-check'
import { expect, test } from 'vitest'
import { place } from '../../src/placement/index.ts'
import { bruteForce } from './brute-force.ts'
import { arbitraryCase, programOf } from './policies.ts'

const runs = Number(process.env['USHER_RUNS'] ?? 60)

test('the optimum of the integer program is the best of all placements', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryCase, async c => {
      const input = programOf(c)
      const target = await place(input, { explain: false })
      const { best, vectorOf } = bruteForce(input)
      expect(target.refused).toEqual([])
      expect(target.proof).toBe('optimal')
      const found = vectorOf(target.placement)
      for (const [i, value] of best.entries()) expect(found[i]).toBeCloseTo(value, 6)
    }),
    { numRuns: runs },
  )
})
