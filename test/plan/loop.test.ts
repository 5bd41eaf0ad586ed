import { describe, expect, test } from 'vitest'
import { CAPACITY, legsOf, planFor, type SmallCloud } from './clouds.ts'

/** Some host must have 2 GiB free. */
const ASKED = `
free(h, f) :- room(h, r), u = sum s : { nova:location(v, h), size(v, s) }, f = r - u
big_enough(h) :- free(h, f), f >= 2
error("nowhere are 2 free", "", "") :- n = count : { big_enough(h) }, n = 0
`

/** Four hosts with 1 GiB free each. */
const HOSTS = { a: 8, b: 8, c: 8, d: 8 }

describe('four hosts with 1 GiB free each, asked for 2 GiB in one place', () => {
  test('one small VM anywhere is all it takes', async () => {
    const vms: SmallCloud['vms'] = { a1: [7, 'a'], b1: [7, 'b'], c1: [7, 'c'], d1: [1, 'd'], d2: [6, 'd'] }
    const report = await planFor(CAPACITY + ASKED, { hosts: HOSTS, vms })
    expect(legsOf(report)).toHaveLength(1)
    expect(report).toMatchObject({ violationsAfter: [], rounds: 1, setAside: [], proof: 'optimal' })
  })

  test('a cheap target without an order is set aside for one that has one', async () => {
    // To exchange a1 for b1 would be cheapest, but neither host takes the other's VM first; d1 is dear and can simply go.
    const vms: SmallCloud['vms'] = {
      a1: [3, 'a'],
      a2: [4, 'a'],
      b1: [2, 'b'],
      b2: [5, 'b'],
      c1: [7, 'c'],
      d1: [1, 'd'],
      d2: [6, 'd'],
    }
    const dear = CAPACITY.replace('migration_cost(v, s) :- size(v, s)', 'migration_cost(v, c) :- price(v, c)')
    const price = { columns: ['vm', 'price'], rows: Object.keys(vms).map(vm => [vm, vm === 'd1' ? 50 : 1]) }
    const report = await planFor(dear + ASKED, { hosts: HOSTS, vms, more: { price } })
    expect(legsOf(report)).toHaveLength(1)
    expect(legsOf(report)[0]).toMatch(/^d1 d>/)
    expect(report).toMatchObject({ violationsAfter: [], impossible: [], cost: 50, rounds: 2, proof: 'none' })
    expect(report.setAside.map(m => m.vm)).toEqual(['a1', 'b1'])
    expect(report.setAside[0]!.reason).toContain('has room for 1')
  })

  test('when no VM can go anywhere, the answer is the reason', async () => {
    const vms: SmallCloud['vms'] = {
      a1: [3, 'a'],
      a2: [4, 'a'],
      b1: [3, 'b'],
      b2: [4, 'b'],
      c1: [2, 'c'],
      c2: [5, 'c'],
      d1: [2, 'd'],
      d2: [5, 'd'],
    }
    const report = await planFor(CAPACITY + ASKED, { hosts: HOSTS, vms })
    expect(report.moves).toEqual([])
    expect(report.violationsAfter).toHaveLength(1)
    expect(report.impossible.length).toBeGreaterThan(0)
    expect(report.impossible[0]!.reason).toContain('would have to leave first')
    expect(report.rounds).toBe(2)
  })
})

describe('rules marked final', () => {
  const cloud: SmallCloud = { hosts: { a: 9, b: 9, c: 9 }, vms: { x: [1, 'a'], y: [1, 'b'] } }
  const exchange = `
error("x", "", "") :- nova:location("x", h), h != "b"
error("y", "", "") :- nova:location("y", h), h != "a"
`
  const apart = 'error("apart", h, "") :- nova:location("x", h), nova:location("y", h)\n'

  test('unmarked, a VM stops elsewhere so that the two never meet', async () => {
    const report = await planFor(CAPACITY + exchange + apart, cloud)
    expect(report.moves.filter(m => m.parking)).toHaveLength(1)
    expect(report).toMatchObject({ violationsAfter: [], brokenOnTheWay: [] })
  })

  test('marked, they may meet on the way', async () => {
    const report = await planFor(`${CAPACITY}${exchange}// @final: one meeting is no harm\n${apart}`, cloud)
    expect(report.moves).toHaveLength(2)
    expect(report).toMatchObject({ violationsAfter: [], brokenOnTheWay: [] })
  })

  test('marked, it still holds at the end', async () => {
    const stuck = { ...cloud, vms: { x: [1, 'a'], y: [1, 'b'], z: [1, 'b'] } } as const
    const final = `${CAPACITY}// @final\n${apart}error("x", h, "") :- nova:location("x", h), h != "b"\n`
    const report = await planFor(final, stuck)
    expect(legsOf(report)).toContain('x a>b')
    expect(report.moves.some(m => m.vm === 'y')).toBe(true)
    expect(report.violationsAfter).toEqual([])
  })
})

test('a cloud that tells of its links and memory has its plans timed by them', async () => {
  const vms: SmallCloud['vms'] = { x: [1, 'a'] }
  const more = {
    'network:host': {
      columns: ['host', 'mbps'],
      rows: [
        ['a', 1000],
        ['b', 1000],
      ],
    },
    'memory:use': { columns: ['vm', 'used', 'hot', 'hot_seconds', 'cold_rate'], rows: [['x', 4096, 0, 0, 0]] },
  }
  const text = `${CAPACITY}error("x", h, "") :- nova:location("x", h), h != "b"`
  const report = await planFor(text, { hosts: { a: 9, b: 9 }, vms, more })
  expect(report.volume).toBe(4096)
  expect(report.makespan).toBeGreaterThan(35)
  expect(report.criticalPath).toEqual(['m1'])
  expect((await planFor(text, { hosts: { a: 9, b: 9 }, vms })).makespan).toBeLessThan(5)
})
