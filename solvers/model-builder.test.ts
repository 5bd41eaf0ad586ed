import { describe, expect, it } from 'vitest'
import { ModelBuilder } from './model-builder.ts'

describe('ModelBuilder', () => {
  it('merges repeated entries, drops zeros and sorts by column', () => {
    const b = new ModelBuilder()
    const [x, y, z] = ['x', 'y', 'z'].map(name => b.addColumn({ name })) as [number, number, number]
    b.addRow({
      name: 'r',
      upper: 4,
      entries: [
        [z, 2],
        [x, 1],
        [y, 3],
        [x, 1],
        [y, -3],
      ],
    })
    b.addRow({ name: 'empty', entries: [], lower: -1 })
    b.addObjective({
      name: 'o',
      entries: [
        [y, 0],
        [z, 1],
      ],
    })
    const { rows, objectives } = b.build()
    expect(rows.rowStart).toEqual(Int32Array.of(0, 2, 2))
    expect(rows.entryColumn).toEqual(Int32Array.of(x, z))
    expect(rows.entryValue).toEqual(Float64Array.of(2, 2))
    expect(rows.lower).toEqual(Float64Array.of(Number.NEGATIVE_INFINITY, -1))
    expect(rows.upper).toEqual(Float64Array.of(4, Number.POSITIVE_INFINITY))
    expect(objectives[0]).toEqual({
      name: 'o',
      column: Int32Array.of(z),
      value: Float64Array.of(1),
      constant: 0,
      granularity: 0,
    })
  })

  it('grows, and what was built does not change with it', () => {
    const b = new ModelBuilder()
    for (let i = 0; i < 1000; i++) b.addColumn({ name: () => `c[${i}]`, upper: i, integer: true })
    b.addRow({ name: 'all', entries: Array.from({ length: 1000 }, (_, i) => [i, 1] as const) })
    const model = b.build()
    b.addColumn({ name: 'late' })
    expect(model.columns.count).toBe(1000)
    expect(model.columns.upper[999]).toBe(999)
    expect(model.columns.name(777)).toBe('c[777]')
    expect(model.rows.entryColumn.length).toBe(1000)
    expect([b.columnCount, b.rowCount, b.entryCount]).toEqual([1001, 1, 1000])
  })

  it('makes names and comments only when they are read', () => {
    let made = 0
    const name = () => `name ${++made}`
    const b = new ModelBuilder()
    b.addColumn({ name })
    b.addRow({ name, entries: [[0, 1]], comment: name })
    const model = b.build()
    expect(made).toBe(0)
    expect([model.columns.name(0), model.rows.name(0), model.rows.comment(0)]).toEqual(['name 1', 'name 2', 'name 3'])
  })

  it('narrows the bounds of integer columns to whole numbers', () => {
    const b = new ModelBuilder()
    b.addColumn({ name: 'x', lower: -1.5, upper: 2.5, integer: true })
    expect(b.build().columns).toMatchObject({ lower: Float64Array.of(-1), upper: Float64Array.of(2) })
  })

  it('refuses what is not finite or does not exist', () => {
    const b = new ModelBuilder()
    const x = b.addColumn({ name: 'x' })
    expect(() => b.addColumn({ name: 'y', lower: 2, upper: 1 })).toThrow('column y: bounds 2..1')
    expect(() => b.addColumn({ name: 'y', lower: Number.NaN })).toThrow(RangeError)
    expect(() => b.addColumn({ name: 'y', integer: true })).toThrow('integer column y has no bounds')
    expect(() => b.addRow({ name: 'r', entries: [[x, Number.POSITIVE_INFINITY]] })).toThrow(
      'row r: coefficient Infinity',
    )
    expect(() => b.addRow({ name: 'r', entries: [[1, 1]] })).toThrow('row r: there is no column 1')
    expect(() => b.addObjective({ name: 'o', entries: [], constant: Number.NaN })).toThrow(RangeError)
    expect(b.build().rows.count).toBe(0)
  })
})
