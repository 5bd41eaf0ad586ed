import { describe, expect, it } from 'vitest'
import { ModelBuilder, solveModel } from './index.ts'

describe('solveModel', () => {
  it('answers a small program with three objectives', async () => {
    const b = new ModelBuilder()
    const x = b.addColumn({ name: 'x', upper: 5, integer: true })
    const y = b.addColumn({ name: 'y', upper: 5, integer: true })
    const over = b.addColumn({ name: 'over', upper: 100 })
    b.addRow({
      name: 'need',
      entries: [
        [x, 1],
        [y, 1],
      ],
      lower: 4,
    })
    b.addRow({
      name: 'room',
      entries: [
        [x, 2],
        [y, 1],
        [over, -1],
      ],
      upper: 5,
    })
    b.addObjective({ name: 'errors', entries: [[over, 1]] })
    b.addObjective({
      name: 'cost',
      entries: [
        [x, 1],
        [y, 3],
      ],
      granularity: 1,
    })
    b.addObjective({ name: 'last', entries: [[y, -1]], constant: 1, granularity: 1 })
    const solution = await solveModel(b.build())
    expect(solution).toMatchObject({ status: 'optimal', objective: [0, 10, -2], bounds: [0, 10, -2], solver: 'highs' })
    expect([...solution.values]).toEqual([1, 3, 0])
  })
})
