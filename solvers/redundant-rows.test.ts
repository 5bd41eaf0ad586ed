import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ModelBuilder } from './model-builder.ts'
import { withoutRedundantRows } from './redundant-rows.ts'
import type { Model } from './types.ts'

interface RowCase {
  readonly entries: readonly (readonly [number, number])[]
  readonly lower?: number
  readonly upper?: number
}

function modelOf(columns: number, rows: readonly RowCase[], lower = 0): Model {
  const builder = new ModelBuilder()
  for (let c = 0; c < columns; c++) builder.addColumn({ name: `x${c}`, lower, upper: lower + 2, integer: true })
  rows.forEach((row, r) => {
    builder.addRow({ name: `r${r}`, ...row })
  })
  builder.addObjective({ name: 'cost', entries: [[0, 1]] })
  return builder.build()
}

/** The points of a small model that keep every row. */
function feasible(model: Model): string[] {
  const { columns, rows } = model
  const points: string[] = []
  const point = new Float64Array(columns.count)
  const visit = (c: number): void => {
    if (c < columns.count) {
      for (let v = columns.lower[c]!; v <= columns.upper[c]!; v++) {
        point[c] = v
        visit(c + 1)
      }
      return
    }
    for (let r = 0; r < rows.count; r++) {
      let sum = 0
      for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++)
        sum += rows.entryValue[i]! * point[rows.entryColumn[i]!]!
      if (sum < rows.lower[r]! - 1e-9 || sum > rows.upper[r]! + 1e-9) return
    }
    points.push(point.join())
  }
  visit(0)
  return points
}

const names = (model: Model): string[] => Array.from({ length: model.rows.count }, (_, r) => model.rows.name(r))

test('multiples of a row become one with the tighter bounds', () => {
  const model = withoutRedundantRows(
    modelOf(2, [
      {
        entries: [
          [0, 1],
          [1, 2],
        ],
        upper: 5,
      },
      {
        entries: [
          [0, -2],
          [1, -4],
        ],
        lower: -6,
      },
      {
        entries: [
          [0, 3],
          [1, 6],
        ],
        lower: 3,
      },
    ]),
  )
  expect(names(model)).toEqual(['r0'])
  expect([model.rows.lower[0], model.rows.upper[0]]).toEqual([1, 3])
})

test('a row that another one says more than is left out, and one that bounds keep', () => {
  const model = withoutRedundantRows(
    modelOf(3, [
      {
        entries: [
          [0, 1],
          [1, 1],
        ],
        upper: 1,
      },
      {
        entries: [
          [0, 1],
          [1, 1],
          [2, 1],
        ],
        upper: 1,
      },
      {
        entries: [
          [1, 1],
          [2, 1],
        ],
        upper: 4,
      },
      {
        entries: [
          [1, 2],
          [2, 1],
        ],
        upper: 1,
      },
    ]),
  )
  expect(names(model)).toEqual(['r1', 'r3'])
})

test('a model of which every row says something stays the very same', () => {
  const model = modelOf(2, [
    {
      entries: [
        [0, 1],
        [1, 1],
      ],
      upper: 1,
    },
  ])
  expect(withoutRedundantRows(model)).toBe(model)
})

test('the feasible points stay', () => {
  const row = fc.record(
    {
      entries: fc.array(fc.tuple(fc.nat(3), fc.constantFrom(-2, -1, 1, 2, 3)), { minLength: 1, maxLength: 4 }),
      lower: fc.integer({ min: -4, max: 2 }),
      upper: fc.integer({ min: 2, max: 6 }),
    },
    { requiredKeys: ['entries'] },
  )
  const packing = fc.record({
    entries: fc.array(fc.tuple(fc.nat(3), fc.constantFrom(1, 2)), { minLength: 1, maxLength: 4 }),
    upper: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(row, packing), { maxLength: 8 }), fc.constantFrom(0, -1), (rows, lower) => {
      const model = modelOf(4, rows, lower)
      const fewer = withoutRedundantRows(model)
      expect(fewer.rows.count).toBeLessThanOrEqual(model.rows.count)
      expect(feasible(fewer)).toEqual(feasible(model))
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) },
  )
})
