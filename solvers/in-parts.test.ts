import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkSolution } from './check-solution.ts'
import { solveInParts } from './in-parts.ts'
import { ModelBuilder } from './model-builder.ts'
import { partition } from './parts.ts'
import { bruteForce } from './testing/brute-force.ts'
import type { Model } from './types.ts'

const runs = Number(process.env['USHER_RUNS'] ?? 60)
/** Columns that a linking row has at least. */
const LONG = 100

const someParts = fc
  .record({
    parts: fc.array(
      fc.record({
        widths: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
        rows: fc.array(
          fc.record({
            values: fc.array(fc.integer({ min: -3, max: 4 }), { minLength: 3, maxLength: 3 }),
            least: fc.integer({ min: -4, max: 3 }),
          }),
          { maxLength: 2 },
        ),
        objectives: fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }), {
          minLength: 2,
          maxLength: 2,
        }),
        isMixed: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    twice: fc.boolean(),
    links: fc.array(
      fc.record({
        values: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 9, maxLength: 9 }),
        side: fc.integer({ min: -5, max: 8 }),
        kind: fc.constantFrom('less', 'more', 'same'),
      }),
      { maxLength: 2 },
    ),
    granular: fc.boolean(),
  })
  .map(({ parts, twice, links, granular }) => {
    const b = new ModelBuilder()
    const objectives: [number, number][][] = [[], []]
    const real: number[] = []
    for (const { widths, rows, objectives: goals, isMixed } of twice ? [parts[0]!, ...parts.slice(0, 2)] : parts) {
      const columns = widths.map(upper => b.addColumn({ name: `c${b.columnCount}`, upper, integer: true }))
      // A column that is not whole keeps a part from being enumerated; it has but one value.
      const tie = isMixed ? [b.addColumn({ name: `m${b.columnCount}`, lower: 1, upper: 1 })] : []
      b.addRow({ name: `tie${b.rowCount}`, entries: [...columns, ...tie].map(c => [c, 1]), lower: 0 })
      for (const { values, least } of rows)
        b.addRow({ name: `r${b.rowCount}`, entries: columns.map((c, i) => [c, values[i]!]), lower: least })
      goals.forEach((goal, k) => {
        objectives[k]!.push(...columns.map((c, i): [number, number] => [c, goal[i]!]))
      })
      real.push(...columns)
    }
    const idle = Array.from({ length: LONG }, (_, i) => b.addColumn({ name: `idle${i}`, upper: 0, integer: true }))
    for (const { values, side, kind } of links)
      b.addRow({
        name: `link${b.rowCount}`,
        entries: [...real.map((c, i) => [c, values[i % 9]!] as const), ...idle.map(c => [c, 1] as const)],
        ...(kind !== 'more' && { upper: side }),
        ...(kind !== 'less' && { lower: kind === 'more' ? -side : side }),
      })
    for (const [k, entries] of objectives.entries())
      b.addObjective({ name: `goal${k}`, entries, granularity: granular ? 1 : 0, constant: k })
    return b.build()
  })

it('parts solved apart give what enumeration of the whole gives', async () => {
  await fc.assert(
    fc.asyncProperty(someParts, async model => {
      const wanted = bruteForce(model)
      const solution = await solveInParts(model)
      expect(solution.status).toBe(wanted ? 'optimal' : 'infeasible')
      expect(solution.objective.map(v => v + 0)).toEqual((wanted ?? []).map(v => v + 0))
      expect(solution.bounds.map(v => v + 0)).toEqual((wanted ?? []).map(v => v + 0))
      if (wanted) expect(checkSolution(model, solution.values).values).toEqual(solution.values)
    }),
    { numRuns: runs },
  )
})

/** Pairs of columns of which one must be 1, the second at a lower price, and together at most `most` of the second. */
function pairs(count: number, most: number): Model {
  const b = new ModelBuilder()
  const both = Array.from({ length: count }, () =>
    [0, 1].map(i => b.addColumn({ name: `c${b.columnCount}.${i}`, upper: 1, integer: true })),
  )
  for (const columns of both)
    b.addRow({ name: `one${b.rowCount}`, entries: columns.map(c => [c, 1]), lower: 1, upper: 1 })
  b.addRow({ name: 'most', entries: both.map(([, c]) => [c!, 1]), upper: most })
  b.addObjective({
    name: 'price',
    entries: both.flatMap(([a, c]): [number, number][] => [
      [a!, 5],
      [c!, 2],
    ]),
    granularity: 1,
  })
  return b.build()
}

it('a long row links parts; equal ones are chosen by number', async () => {
  const model = pairs(120, 50)
  const { parts, linking } = partition(model)
  expect(parts.length).toBe(120)
  expect(linking).toEqual([120])
  expect(await solveInParts(model)).toMatchObject({ status: 'optimal', objective: [50 * 2 + 70 * 5], bounds: [450] })
  expect(await solveInParts(pairs(120, 120))).toMatchObject({ solver: 'enumeration', objective: [240], bounds: [240] })
  expect(await solveInParts(pairs(120, -1))).toMatchObject({ status: 'infeasible' })
})
