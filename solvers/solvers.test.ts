import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSolution } from './check-solution.ts'
import { registry } from './registry.ts'
import { bruteForce } from './testing/brute-force.ts'
import { cases, smallModels } from './testing/models.ts'

// Every solver is held to the same answers. One that isn't installed is skipped, and its title says so.
for (const solver of registry) {
  const missing = await solver.unavailable()
  const title = missing === undefined ? solver.name : `${solver.name} (skipped: ${missing})`
  describe.skipIf(missing !== undefined)(title, () => {
    it.each(cases)('$name', async ({ model, wanted }) => {
      expect(await solver.declines(model)).toBeUndefined()
      if (wanted === 'unbounded') {
        await expect(solver.solve(model, {})).rejects.toThrow(/endless has no lower bound/)
        return
      }
      const solution = await solver.solve(model, {})
      if (wanted === 'infeasible') {
        expect(solution).toMatchObject({ status: 'infeasible', objective: [], bounds: [] })
        return
      }
      expect(solution.status).toBe('optimal')
      wanted.forEach((value, k) => {
        expect(solution.objective[k]).toBeCloseTo(value, 5)
        expect(solution.bounds[k]).toBeCloseTo(value, 5)
      })
      expect(checkSolution(model, solution.values).values).toEqual(solution.values)
    })

    it('agrees with enumeration on small programs', async () => {
      await fc.assert(
        fc.asyncProperty(smallModels, async model => {
          const wanted = bruteForce(model)
          const solution = await solver.solve(model, {})
          expect(solution.status).toBe(wanted ? 'optimal' : 'infeasible')
          expect(solution.objective.map(v => v + 0)).toEqual((wanted ?? []).map(v => v + 0))
        }),
        { numRuns: solver.byNameOnly || solver.name === 'executable' ? 15 : 60 },
      )
    })
  })
}
