import fc from 'fast-check'
import { expect, test } from 'vitest'
import { analyse } from '../../src/placement/analysis.ts'
import { hostLimits } from '../../src/placement/host-limits.ts'
import { hostRoom } from '../../src/placement/host-room.ts'
import { Judge } from '../../src/placement/judge.ts'
import { judgeProgram } from '../../src/placement/judge-program.ts'
import { presentEvaluator } from '../../src/placement/problem.ts'
import { Random } from '../../src/placement/random.ts'
import { readUniverse } from '../../src/placement/universe.ts'
import { arbitraryCase, type Case, programOf } from './policies.ts'

const runs = Number(process.env['USHER_RUNS'] ?? 60)

const LIMIT = 'error("limit", h, "", "") :- guests(h, n), n > 2'

const roomOf = (c: Case) => {
  const input = programOf(c)
  const present = presentEvaluator(input)
  const universe = readUniverse(input.program, input.tables, present.view)
  const judge = judgeProgram(input.program)
  const analysis = analyse(judge)
  return {
    limits: hostLimits(judge, analysis),
    room: hostRoom(input, present.view, judge, analysis, universe),
    judge: new Judge(judge, input.tables, present.view, universe),
    universe,
  }
}

const caseOf = (rules: string): Case => ({
  text: rules,
  tables: {
    'nova:location': {
      columns: ['vm', 'host'],
      rows: [
        ['a', 'h1'],
        ['b', 'h1'],
        ['c', 'h2'],
        ['d', 'h2'],
      ],
    },
    cpu: {
      columns: ['vm', 'cpu'],
      rows: [
        ['a', 2],
        ['b', 2],
        ['c', 3],
        ['d', 1],
      ],
    },
    cap: {
      columns: ['host', 'cap'],
      rows: [
        ['h1', 5],
        ['h2', 6],
      ],
    },
  },
})

test('what does not fit is an error there, and what fits breaks no limit of the host', () => {
  let asked = 0
  fc.assert(
    fc.property(arbitraryCase, fc.nat(1000), (c, seed) => {
      // At least one rule of every case is a limit.
      const { limits, room, judge, universe } = roomOf({ ...c, text: `${c.text}\n${LIMIT}` })
      if (!room) throw new Error('no limit was found')
      const known = new Set(
        limits.map(({ rule }) => {
          const [name] = judge.program.rules[rule]!.head.args
          return name!.kind === 'constant' ? name!.value : undefined
        }),
      )
      const random = new Random(seed)
      const host = Int32Array.from(universe.current)
      const broken = (h: number): string[] =>
        judge
          .rowsOf('error')
          .filter(({ row }) => known.has(row[0]!) && row[1] === universe.hosts[h])
          .map(({ row }) => JSON.stringify(row[0]))
      for (let step = 0; step < 12; step++) {
        const vm = random.below(host.length)
        const to = random.pick(universe.hostsOf[vm]!)
        const from = host[vm]!
        if (to === from) continue
        const fits = room.fits(vm, to)
        const before = broken(to)
        judge.goTo([vm], [to])
        room.move(vm, from, to)
        host[vm] = to
        asked++
        if (fits) expect(before).toEqual(expect.arrayContaining(broken(to)))
        else expect(broken(to)).not.toEqual([])
      }
    }),
    { numRuns: runs },
  )
  expect(asked).toBeGreaterThan(runs)
})

test('limits through helper tables, shares and counts are known, with the VMs that need the same as one kind', () => {
  const { limits, room, universe } = roomOf(
    caseOf(`
      load(h, u) :- cap(h, _), u = sum c : { nova:location(v, h), cpu(v, c) }
      error("load", h) :- load(h, u), cap(h, c), u * 100 / c > 90
      error("guests", h) :- cap(h, _), n = count : { nova:location(v, h) }, n >= 4
      error("least", h) :- cap(h, _), n = count : { nova:location(v, h) }, n < 1
    `),
  )
  expect(limits).toHaveLength(3)
  const fits = (vm: string, host: string): boolean =>
    room!.fits(universe.vmNumber.get(vm)!, universe.hostNumber.get(host)!)
  // 4 of 5 are taken on h1, of which 4.5 may be; on h2 4 of 6, of which 5.4 may be.
  expect(fits('d', 'h1')).toBe(false)
  expect(fits('a', 'h2')).toBe(false)
  const [a, d] = ['a', 'd'].map(vm => universe.vmNumber.get(vm)!)
  const [h1, h2] = ['h1', 'h2'].map(host => universe.hostNumber.get(host)!)
  expect(room!.fitsInPlaceOf(d!, a!, h1!)).toBe(true)
  room!.move(a!, h1!, h2!)
  expect(fits('d', 'h1')).toBe(true)
  expect(fits('b', 'h2')).toBe(false)
})

test('rules that limit nothing of one host are left to the evaluator', () => {
  const { limits, room } = roomOf(
    caseOf(
      `
      error("pair", a, b) :- nova:location(a, h), nova:location(b, h), a < b
      error("all", n) :- n = count : { nova:location(v, h) }, n > 3
      error("mean", h) :- cap(h, _), m = mean c : { nova:location(v, h), cpu(v, c) }, m > 2
    `
        .replaceAll('error("all", n)', 'error("all", n, "")')
        .replaceAll('error("mean", h)', 'error("mean", h, "")'),
    ),
  )
  expect(limits).toEqual([])
  expect(room).toBeUndefined()
})
