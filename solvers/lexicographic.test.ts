import { describe, expect, it } from 'vitest'
import { SolverFault } from './fault.ts'
import type { LevelLimits } from './level.ts'
import { type RunLevel, solveLexicographically } from './lexicographic.ts'
import { ModelBuilder } from './model-builder.ts'
import type { Model, SolveOptions } from './types.ts'

/** a, b in 0..10 with a + b ≥ 3, and idle columns beside them; least a, then least b. */
function twoLevels(granularity = 1, columns = 2): Model {
  const m = new ModelBuilder()
  const a = m.addColumn({ name: 'a', upper: 10, integer: true })
  const b = m.addColumn({ name: 'b', upper: 10, integer: true })
  while (m.columnCount < columns) m.addColumn({ name: `idle${m.columnCount}`, upper: 1, integer: true })
  m.addRow({
    name: 'some',
    entries: [
      [a, 1],
      [b, 1],
    ],
    lower: 3,
  })
  m.addObjective({ name: 'a', entries: [[a, 1]], granularity })
  m.addObjective({ name: 'b', entries: [[b, 1]], granularity })
  return m.build()
}

/** Runs levels by a script of answers and keeps what it was asked. */
function scripted(...answers: Awaited<ReturnType<RunLevel>>[]) {
  const asked: { level: Model; limits: LevelLimits }[] = []
  const run: RunLevel = async (level, limits) => {
    asked.push({ level, limits })
    return answers[asked.length - 1]!
  }
  const solve = (model: Model, options: SolveOptions = {}) => solveLexicographically('script', model, options, run)
  return { asked, solve }
}

const point = (...values: number[]) => Float64Array.of(...values)
const wide = (...values: number[]) => Float64Array.from({ length: 500 }, (_, i) => values[i] ?? 0)
const unknown = Number.NEGATIVE_INFINITY

describe('the lexicographic driver', () => {
  it('pins an objective that is at its trivial bound and starts from the last answer', async () => {
    const { asked, solve } = scripted(
      { status: 'optimal', values: point(0, 5), bound: 0 },
      { status: 'optimal', values: point(0, 3), bound: 3 },
    )
    expect(await solve(twoLevels(), { timeLimitSeconds: 10 })).toMatchObject({
      status: 'optimal',
      objective: [0, 3],
      bounds: [0, 3],
    })
    expect(asked[0]!.limits.seconds).toBeLessThanOrEqual(5)
    expect(asked[1]!.limits.seconds).toBeGreaterThan(5)
    expect(asked[1]!.limits.start).toEqual(point(0, 5))
    expect(asked[1]!.level.columns.upper).toEqual(point(0, 10))
    expect(asked[1]!.level.rows.count).toBe(1)
  })

  it('holds an objective above its trivial bound by a row', async () => {
    const { asked, solve } = scripted(
      { status: 'optimal', values: point(1, 5), bound: 1 },
      { status: 'optimal', values: point(1, 2), bound: 2 },
    )
    await solve(twoLevels())
    const { rows } = asked[1]!.level
    expect(rows.name(1)).toBe('hold[a]')
    expect(rows.upper[1]).toBeCloseTo(1.01, 6)
  })

  it('asks the linear relaxation of a large level first, told what is proven of the earlier ones', async () => {
    const { asked, solve } = scripted(
      { status: 'optimal', values: wide(1, 2), bound: 1 },
      { status: 'optimal', values: wide(1, 1.4), bound: unknown },
    )
    expect(await solve(twoLevels(1, 500))).toMatchObject({ status: 'optimal', objective: [1, 2], bounds: [1, 2] })
    const { columns, rows } = asked[1]!.level
    expect(columns.integer.includes(1)).toBe(false)
    expect([rows.lower[1], rows.upper[1]]).toEqual([expect.closeTo(0.99, 6), expect.closeTo(1.01, 6)])
  })

  it('stops a level when the bound rounds up to the incumbent', async () => {
    const answers = [
      { status: 'feasible', values: point(1, 2), bound: 0.2 },
      { status: 'feasible', values: point(1, 2), bound: 1.5 },
    ] as const
    expect(await scripted(...answers).solve(twoLevels(1))).toMatchObject({ status: 'optimal', bounds: [1, 2] })
    expect(await scripted(...answers).solve(twoLevels(0))).toMatchObject({ status: 'feasible', bounds: [0.2, 1.5] })
  })

  it('counts a level as solved within the gap', async () => {
    const answers = [
      { status: 'feasible', values: point(4, 0), bound: 3.7 },
      { status: 'optimal', values: point(4, 0), bound: 0 },
    ] as const
    expect((await scripted(...answers).solve(twoLevels(0), { gap: 0.1 })).status).toBe('optimal')
    expect((await scripted(...answers).solve(twoLevels(0), { gap: 0.05 })).status).toBe('feasible')
  })

  it('goes on after a level that was not proven, and keeps a better value found later', async () => {
    const { asked, solve } = scripted(
      { status: 'feasible', values: point(3, 4), bound: unknown },
      { status: 'optimal', values: point(2, 1), bound: 1 },
    )
    expect(await solve(twoLevels())).toMatchObject({ status: 'feasible', objective: [2, 1] })
    expect(asked).toHaveLength(2)
  })

  it('never gives back less than the start, and tells only of better points', async () => {
    const told: (readonly number[])[] = []
    const options = { start: point(1, 2), onIncumbent: (_: Float64Array, o: readonly number[]) => void told.push(o) }
    const { solve } = scripted(
      { status: 'feasible', values: point(2, 2), bound: unknown },
      { status: 'none', bound: unknown },
    )
    expect(await solve(twoLevels(), options)).toMatchObject({ status: 'feasible', objective: [1, 2], bounds: [0, 0] })
    expect(told).toEqual([])
  })

  it('does not use a start that does not hold', async () => {
    const { asked, solve } = scripted({ status: 'none', bound: unknown })
    expect(await solve(twoLevels(), { start: point(0, 0) })).toMatchObject({ status: 'none', values: point() })
    expect(asked[0]!.limits.start).toBeUndefined()
  })

  it('rounds noise and refuses answers that do not hold', async () => {
    const noisy = scripted(
      { status: 'optimal', values: point(1e-7, 2.9999999), bound: 0 },
      { status: 'optimal', values: point(0, 3), bound: 3 },
    )
    expect((await noisy.solve(twoLevels())).values).toEqual(point(0, 3))
    const solving = (values: Float64Array) => scripted({ status: 'optimal', values, bound: 0 }).solve(twoLevels())
    await expect(solving(point(0.5, 4))).rejects.toThrow(SolverFault)
    await expect(solving(point(0, 2))).rejects.toThrow('row some = 2 is outside 3..Infinity')
    await expect(solving(point(0, 11))).rejects.toThrow('column b = 11 is outside its bounds 0..10')
    await expect(solving(point(0, Number.NaN))).rejects.toThrow('column b = NaN')
    await expect(solving(point(0))).rejects.toThrow('answered 1 values for 2 columns')
  })
})

describe('an answer that rounding breaks', () => {
  /** use ≤ 1e6·open, use ≥ 1; least open - use. */
  const m = new ModelBuilder()
  const open = m.addColumn({ name: 'open', upper: 1, integer: true })
  const use = m.addColumn({ name: 'use', upper: 9 })
  m.addRow({
    name: 'open when used',
    entries: [
      [use, 1],
      [open, -1e5],
    ],
    upper: 0,
  })
  m.addObjective({
    name: 'goal',
    entries: [
      [open, 1],
      [use, -0.1],
    ],
  })
  const model = m.build()

  it('is mended by solving for the continuous columns again', async () => {
    const { asked, solve } = scripted(
      { status: 'optimal', values: point(9e-6, 0.9), bound: -0.09 },
      { status: 'optimal', values: point(0, 0), bound: 0 },
    )
    const answer = await solve(model)
    expect(answer).toMatchObject({ status: 'feasible', objective: [0] })
    // The bound stays what it was, so that nothing is claimed that rounding took away.
    expect(answer.bounds[0]).toBeCloseTo(-0.09, 4)
    expect(asked[1]!.level.columns.upper).toEqual(point(0, 9))
  })

  it('is a fault when that does not help', async () => {
    const { solve } = scripted(
      { status: 'optimal', values: point(9e-6, 0.9), bound: -0.09 },
      { status: 'infeasible', bound: 0 },
    )
    await expect(solve(model)).rejects.toThrow('row open when used = 0.9 is outside -Infinity..0')
  })
})
