import fc from 'fast-check'
import { ModelBuilder } from '../model-builder.ts'
import type { Model } from '../types.ts'

const sum = (columns: readonly number[], value = 1) => columns.map(c => [c, value] as const)
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

/** Guests to hosts of limited room; errors for what overflows, then hosts in use, then the cost of moving away from `v mod hosts`. */
export function assignment(hosts: number, guests: number, room: number): Model {
  const b = new ModelBuilder()
  const size = times(guests, v => 1 + (v % 3))
  const x = times(guests, v => times(hosts, h => b.addColumn({ name: `x[vm${v},host-${h}]`, upper: 1, integer: true })))
  const used = times(hosts, h => b.addColumn({ name: `used[host-${h}]`, upper: 1, integer: true }))
  const over = times(hosts, h => b.addColumn({ name: `over[host-${h}]`, upper: 3 * guests, integer: true }))
  for (let v = 0; v < guests; v++)
    b.addRow({
      name: `once[vm${v}]`,
      entries: sum(x[v]!),
      lower: 1,
      upper: 1,
      comment: `every VM stands somewhere: vm${v}`,
    })
  for (let h = 0; h < hosts; h++)
    b.addRow({
      name: `room[host-${h}]`,
      entries: [...times(guests, v => [x[v]![h]!, size[v]!] as const), [used[h]!, -room], [over[h]!, -1]],
      upper: 0,
      comment: `room.dl:3 of host-${h}`,
    })
  b.addObjective({ name: 'errors', entries: sum(over), granularity: 1 })
  b.addObjective({ name: 'hosts in use', entries: sum(used), granularity: 1 })
  const cost = (v: number, h: number) => (h === v % hosts ? 0 : size[v]!)
  b.addObjective({
    name: 'migration',
    entries: times(guests, v => times(hosts, h => [x[v]![h]!, cost(v, h)] as const)).flat(),
    granularity: 1,
  })
  return b.build()
}

/** Small models of several kinds, each with the objective vector that has to come out, or what has to come of it. */
export const cases: readonly { name: string; model: Model; wanted: readonly number[] | 'infeasible' | 'unbounded' }[] =
  [
    { name: 'assignment with room', model: assignment(3, 6, 6), wanted: [0, 2, 2] },
    { name: 'assignment that overflows', model: assignment(2, 5, 3), wanted: [3, 2, 0] },
    { name: 'set cover', wanted: [2], model: setCover() },
    { name: 'knapsack', wanted: [-26], model: knapsack() },
    {
      name: 'rows that contradict each other, elastic',
      wanted: [3, -2],
      model: build(b => {
        const [x, low, high] = [
          b.addColumn({ name: 'x', upper: 9, integer: true }),
          b.addColumn({ name: 'low' }),
          b.addColumn({ name: 'high' }),
        ]
        b.addRow({
          name: 'at least',
          entries: [
            [x, 1],
            [low, 1],
          ],
          lower: 5,
        })
        b.addRow({
          name: 'at most',
          entries: [
            [x, 1],
            [high, -1],
          ],
          upper: 2,
        })
        b.addObjective({
          name: 'errors',
          entries: [
            [low, 1],
            [high, 1],
          ],
        })
        b.addObjective({ name: 'near the low end', entries: [[high, -1]], constant: 1 })
      }),
    },
    {
      name: 'an equation',
      wanted: [7],
      model: build(b => {
        const [x, y] = [
          b.addColumn({ name: 'x', upper: 20, integer: true }),
          b.addColumn({ name: 'y', upper: 20, integer: true }),
        ]
        b.addRow({
          name: 'sum',
          entries: [
            [x, 3],
            [y, 5],
          ],
          lower: 29,
          upper: 29,
        })
        b.addObjective({
          name: 'number',
          entries: [
            [x, 1],
            [y, 1],
          ],
          granularity: 1,
        })
      }),
    },
    {
      name: 'free continuous columns',
      wanted: [-7.375],
      model: build(b => {
        const x = b.addColumn({ name: 'x', lower: Number.NEGATIVE_INFINITY })
        const y = b.addColumn({ name: 'y', lower: Number.NEGATIVE_INFINITY, upper: 4 })
        const n = b.addColumn({ name: 'n', lower: -3, upper: 2, integer: true })
        b.addRow({
          name: 'range',
          entries: [
            [x, 1],
            [y, 1],
          ],
          lower: -2.5,
          upper: 3,
        })
        b.addRow({
          name: 'difference',
          entries: [
            [x, 1],
            [y, -1],
          ],
          lower: -6,
        })
        b.addObjective({
          name: 'goal',
          entries: [
            [x, 1],
            [y, 0.5],
            [n, 1],
          ],
          constant: -1,
        })
      }),
    },
    {
      name: 'a range and negative whole numbers',
      wanted: [-11, 2],
      model: build(b => {
        const [x, y] = [
          b.addColumn({ name: 'x', lower: -7, upper: -1, integer: true }),
          b.addColumn({ name: 'y', lower: -4, upper: 9, integer: true }),
        ]
        b.addRow({
          name: 'between',
          entries: [
            [x, 2],
            [y, -3],
          ],
          lower: -4,
          upper: 5,
        })
        b.addObjective({
          name: 'first',
          entries: [
            [x, 1],
            [y, 1],
          ],
          granularity: 1,
        })
        b.addObjective({ name: 'second', entries: [[y, -1]], constant: -2, granularity: 1 })
      }),
    },
    {
      name: 'rows that cannot hold',
      wanted: 'infeasible',
      model: build(b => {
        const [x, y] = [
          b.addColumn({ name: 'x', upper: 1, integer: true }),
          b.addColumn({ name: 'y', upper: 1, integer: true }),
        ]
        b.addRow({
          name: 'more than there is',
          entries: [
            [x, 1],
            [y, 1],
          ],
          lower: 3,
        })
        b.addObjective({ name: 'goal', entries: [[x, 1]] })
      }),
    },
    {
      name: 'no whole number in between',
      wanted: 'infeasible',
      model: build(b => {
        const [x, y] = [
          b.addColumn({ name: 'x', upper: 5, integer: true }),
          b.addColumn({ name: 'y', upper: 5, integer: true }),
        ]
        b.addRow({
          name: 'odd',
          entries: [
            [x, 2],
            [y, 2],
          ],
          lower: 5,
          upper: 5,
        })
        b.addObjective({ name: 'goal', entries: [[x, 1]] })
      }),
    },
    {
      name: 'an objective without end',
      wanted: 'unbounded',
      model: build(b => {
        const [x, y] = [b.addColumn({ name: 'x', upper: 5, integer: true }), b.addColumn({ name: 'y' })]
        b.addRow({
          name: 'some',
          entries: [
            [x, 1],
            [y, 1],
          ],
          lower: 2,
        })
        b.addObjective({
          name: 'endless',
          entries: [
            [x, 1],
            [y, -1],
          ],
        })
      }),
    },
    {
      name: 'an empty objective',
      wanted: [4],
      model: build(b => {
        const x = b.addColumn({ name: 'x', upper: 5, integer: true })
        b.addRow({ name: 'some', entries: [[x, 1]], lower: 2 })
        b.addObjective({ name: 'nothing', entries: [], constant: 4, granularity: 4 })
      }),
    },
    {
      name: 'no rows',
      wanted: [-5, 2],
      model: build(b => {
        const [x, y] = [b.addColumn({ name: 'x', upper: 5, integer: true }), b.addColumn({ name: 'y', lower: 2 })]
        b.addObjective({ name: 'x', entries: [[x, -1]], granularity: 1 })
        b.addObjective({ name: 'y', entries: [[y, 1]] })
      }),
    },
    {
      name: 'a column in no row and rows without entries',
      wanted: [1],
      model: build(b => {
        const x = b.addColumn({ name: 'x', upper: 5, integer: true })
        b.addColumn({ name: 'idle', lower: -2, upper: 2 })
        b.addRow({ name: 'empty', entries: [], lower: -1, upper: 1 })
        b.addRow({ name: 'unbounded', entries: [[x, 1]] })
        b.addRow({ name: 'some', entries: [[x, 2]], lower: 1 })
        b.addObjective({ name: 'x', entries: [[x, 1]], granularity: 1 })
      }),
    },
    {
      name: 'no columns',
      wanted: [3],
      model: build(b => b.addObjective({ name: 'constant', entries: [], constant: 3 })),
    },
    {
      name: 'no columns, and a row that asks for something',
      wanted: 'infeasible',
      model: build(b => {
        b.addRow({ name: 'one', entries: [], lower: 1 })
        b.addObjective({ name: 'constant', entries: [] })
      }),
    },
  ]

/** Random programs of up to six integer columns with few values each. */
export const smallModels: fc.Arbitrary<Model> = fc
  .record({
    columns: fc.array(fc.record({ lower: fc.integer({ min: -2, max: 1 }), width: fc.integer({ min: 0, max: 3 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    rows: fc.array(
      fc.record({
        values: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 6, maxLength: 6 }),
        side: fc.integer({ min: -6, max: 8 }),
        width: fc.option(fc.integer({ min: 0, max: 5 })),
        flip: fc.boolean(),
      }),
      { maxLength: 5 },
    ),
    objectives: fc.array(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 6, maxLength: 6 }), {
      minLength: 1,
      maxLength: 3,
    }),
    granular: fc.boolean(),
    constant: fc.integer({ min: -3, max: 3 }),
  })
  .map(({ columns, rows, objectives, granular, constant }) =>
    build(b => {
      for (const [c, { lower, width }] of columns.entries())
        b.addColumn({ name: `c[${c}]`, lower, upper: lower + width, integer: true })
      const entries = (values: readonly number[]) => columns.map((_, c) => [c, values[c]!] as const)
      for (const [r, { values, side, width, flip }] of rows.entries())
        b.addRow({
          name: `r[${r}]`,
          entries: entries(values),
          ...(width !== null ? { lower: side - width, upper: side } : flip ? { lower: -side } : { upper: side }),
        })
      for (const [k, values] of objectives.entries())
        b.addObjective({ name: `goal${k}`, entries: entries(values), constant, granularity: granular ? 1 : 0 })
    }),
  )

function build(fill: (b: ModelBuilder) => void): Model {
  const b = new ModelBuilder()
  fill(b)
  return b.build()
}

function setCover(): Model {
  return build(b => {
    const sets = [[0, 1, 2], [1, 3], [2, 4], [3, 4], [4]]
    const x = sets.map((_, s) => b.addColumn({ name: `set[${s}]`, upper: 1, integer: true }))
    for (let e = 0; e < 5; e++)
      b.addRow({ name: `covered[${e}]`, entries: sum(x.filter((_, s) => sets[s]!.includes(e))), lower: 1 })
    b.addObjective({ name: 'sets', entries: sum(x), granularity: 1 })
  })
}

function knapsack(): Model {
  return build(b => {
    const items = [
      [4, 9],
      [3, 7],
      [5, 10],
      [2, 4],
      [6, 12],
    ] as const
    const x = items.map((_, i) => b.addColumn({ name: `item[${i}]`, upper: 1, integer: true }))
    b.addRow({ name: 'weight', entries: items.map(([weight], i) => [x[i]!, weight] as const), upper: 12 })
    b.addObjective({ name: 'worth', entries: items.map(([, worth], i) => [x[i]!, -worth] as const), granularity: 1 })
  })
}
