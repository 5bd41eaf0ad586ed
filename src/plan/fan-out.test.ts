import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { DEFAULT_PARAMETERS, fanOut, makePlan } from './index.ts'
import { inputOf } from './testing/cloud.ts'

const parameters = { ...DEFAULT_PARAMETERS, efficiency: 1, overheadSeconds: 0 }
/** 100 MiB/s. */
const MBPS = (100 * 1024 * 1024 * 8) / 1e6
const network = { host: () => MBPS, parameters }
const targets = (n: number) => Array.from({ length: n }, (_, i) => `h${i + 1}`)

/** One image of 100 MiB. */
const one = (sources: string[], to: readonly string[]) => ({
  wanted: to.map(host => ({ image: 'i', to: host })),
  images: new Map([['i', { mib: 100, sources }]]),
})

describe('copies of an image', () => {
  test('from one source one after the other; passed on, the holders double', () => {
    const request = { ...one(['s'], targets(15)), network }
    expect(fanOut({ ...request, hostToHost: false }).makespan).toBeCloseTo(15)
    expect(fanOut(request).makespan).toBeCloseTo(4)
  })

  test('a source with a wider link serves several at once', () => {
    const wide = { ...network, host: (h: unknown) => (h === 's' ? 5 * MBPS : MBPS) }
    const { copies, makespan } = fanOut({ ...one(['s'], targets(10)), network: wide, hostToHost: false })
    expect(makespan).toBeCloseTo(2)
    expect(copies.filter(c => c.start === 0)).toHaveLength(5)
  })

  test('a narrow way between sites is crossed once', () => {
    const site = (h: unknown) => (`${h}` === 's' ? 'x' : 'y')
    const path = (a: unknown, b: unknown) => (site(a) === site(b) ? [] : [{ name: 'wan', mbps: MBPS / 10 }])
    const { copies } = fanOut({ ...one(['s'], targets(8)), network: { ...network, path } })
    expect(copies.filter(c => c.from === 's')).toHaveLength(1)
  })

  test('two images from one source take turns on its link', () => {
    const { copies, makespan } = fanOut({
      wanted: ['a', 'b', 'a', 'b'].map((image, i) => ({ image, to: `h${i}` })),
      images: new Map(['a', 'b'].map(image => [image, { mib: 100, sources: ['s'] }])),
      network,
      hostToHost: false,
    })
    expect(copies.map(c => [c.image, c.start])).toEqual([
      ['a', 0],
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ])
    expect(makespan).toBeCloseTo(4)
  })

  test('nothing to do, and nobody to do it', () => {
    expect(fanOut(one(['s'], ['s']))).toEqual({ copies: [], makespan: 0 })
    expect(() => fanOut(one([], ['a']))).toThrow(DiagnosticError)
    for (const mib of [0, -1, Number.NaN])
      expect(() => fanOut({ ...one([], ['a']), images: new Map([['i', { mib, sources: ['s'] }]]) })).toThrow(
        'has a size of',
      )
  })

  test('every target is served once, by one that has the image, and no link is asked for more than it carries', () => {
    const arbitrary = fc.record({
      speeds: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 12 }),
      sources: fc.integer({ min: 1, max: 3 }),
      hostToHost: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitrary, ({ speeds, sources, hostToHost }) => {
        const hosts = speeds.map((_, i) => `h${i}`)
        const speed = (h: unknown) => speeds[Number(`${h}`.slice(1))]! * MBPS
        const from = hosts.slice(0, sources)
        const { copies } = fanOut({ ...one(from, hosts), network: { host: speed, parameters }, hostToHost })
        expect(copies.map(c => c.to).sort()).toEqual(hosts.slice(sources).sort())
        for (const c of copies) {
          const brought = copies.find(o => o.to === c.from)
          expect(from.includes(`${c.from}`) || (hostToHost && brought!.end <= c.start + 1e-9)).toBe(true)
          for (const id of c.after) expect(copies.find(o => o.id === id)!.end).toBeLessThanOrEqual(c.start + 1e-9)
          const rate = (o: typeof c) => 100 / (o.end - o.start)
          const atOnce = copies.filter(o => o.from === c.from && o.start <= c.start + 1e-9 && o.end > c.start + 1e-9)
          expect(atOnce.reduce((sum, o) => sum + rate(o), 0)).toBeLessThanOrEqual((speed(c.from) / MBPS) * 100 + 1e-6)
        }
      }),
      { numRuns: 100 },
    )
  })
})

test('a move to another site waits for its image, and carries its disk', () => {
  const input = inputOf(
    { limits: [{ a: 9, b: 9, c: 9 }], vms: { x: [[1], 'a', 'b'], y: [[1], 'a', 'c'] } },
    {
      network,
      vmMemory: () => ({ used: 100, disk: 300 }),
      images: {
        needed: vm => (vm === 'x' ? { image: 'debian', mib: 500 } : undefined),
        sources: () => ['glance'],
      },
    },
  )
  const plan = makePlan(input)
  expect(plan.copies).toEqual([
    { id: 'c1', image: 'debian', from: 'glance', to: 'b', start: 0, end: 5, volume: 500, after: [] },
  ])
  const x = plan.moves.find(m => m.vm === 'x')!
  expect(x.after).toContain('c1')
  expect(x.start).toBeGreaterThanOrEqual(5)
  expect(x.volume).toBe(400)
  expect(plan.volume).toBe(1300)
  expect(makePlan({ ...input, images: { ...input.images!, sources: () => ['b'] } }).copies).toEqual([])
})

test('VMs that are about to start get their images without any move', () => {
  const input = inputOf(
    { limits: [{ a: 9, b: 9 }], vms: { x: [[1], 'a', 'a'] } },
    {
      network,
      images: {
        needed: () => undefined,
        wanted: ['p', 'q', 'p'].map(host => ({ image: 'debian', mib: 100, host })),
        sources: () => ['glance'],
        hostToHost: false,
      },
    },
  )
  const plan = makePlan(input)
  expect(plan.moves).toEqual([])
  expect(plan.copies.map(c => [c.id, c.to, c.start, c.after])).toEqual([
    ['c1', 'p', 0, []],
    ['c2', 'q', 1, ['c1']],
  ])
  expect(plan.makespan).toBeCloseTo(2)
})

test('moves that need no image go first, while the image is on its way', () => {
  const input = inputOf(
    { limits: [{ a: 9, b: 9, c: 9, d: 9 }], vms: { x: [[2], 'a', 'b'], y: [[1], 'c', 'd'] } },
    {
      network,
      limits: { perHost: 1, global: 1 },
      vmMemory: vm => ({ used: vm === 'x' ? 200 : 100 }),
      images: {
        needed: vm => (vm === 'x' ? { image: 'debian', mib: 300 } : undefined),
        sources: () => ['glance'],
      },
    },
  )
  const plan = makePlan(input)
  expect(plan.moves.map(m => [m.vm, Math.round(m.start)])).toEqual([
    ['y', 0],
    ['x', 3],
  ])
  expect(plan.makespan).toBeCloseTo(5)
})
