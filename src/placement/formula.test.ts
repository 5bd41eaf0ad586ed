import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FALSE, FormulaStore, literalValue, negate, TRUE } from './formula.ts'
import { granularity } from './granularity.ts'
import { constant, LinearSum } from './linear.ts'

const store = (): FormulaStore =>
  new FormulaStore([
    [0, 1, 2],
    [0, 1, 2],
    [0, 1],
  ])

describe('conditions fold', () => {
  test('constants, doubles and contradictions', () => {
    const s = store()
    const a = s.atom(0, 0)
    expect(s.and([a, TRUE, a])).toBe(a)
    expect(s.and([a, FALSE])).toBe(FALSE)
    expect(s.and([a, negate(a)])).toBe(FALSE)
    expect(s.or([a, negate(a)])).toBe(TRUE)
    expect(s.and([])).toBe(TRUE)
    expect(s.and([s.and([a, s.atom(1, 0)]), s.atom(1, 1)])).toBe(FALSE)
  })

  test('a VM is on one host at a time, and on some host', () => {
    const s = store()
    expect(s.and([s.atom(0, 0), s.atom(0, 1)])).toBe(FALSE)
    expect(s.or([s.atom(2, 0), s.atom(2, 1)])).toBe(TRUE)
    expect(s.or([s.atom(0, 0), s.atom(0, 2)])).toBe(negate(s.atom(0, 1)))
    expect(s.and([s.atom(0, 0), negate(s.atom(0, 1))])).toBe(s.atom(0, 0))
  })

  test('equal conditions are one node', () => {
    const s = store()
    const both = s.and([s.atom(0, 0), s.atom(1, 0)])
    expect(s.and([s.atom(1, 0), s.atom(0, 0)])).toBe(both)
  })
})

describe('thresholds', () => {
  const load = (s: FormulaStore) =>
    new LinearSum()
      .add(s.literal(s.atom(0, 0), 12.5))
      .add(s.literal(s.atom(1, 0), 25))
      .constant(0)
      .finish()

  test('beyond its bounds an expression is always or never large enough', () => {
    const s = store()
    expect(s.atLeast(load(s), 0, false)).toBe(TRUE)
    expect(s.atLeast(load(s), 37.5, true)).toBe(FALSE)
    expect(s.atLeast(constant(3), 3, false)).toBe(TRUE)
    expect(s.atLeast(constant(3), 3, true)).toBe(FALSE)
  })

  test('strictness is a step of the data, not a guess', () => {
    const s = store()
    const node = s.nodes[s.atLeast(load(s), 12.5, true) >> 1]
    expect(node).toMatchObject({ kind: 'threshold', on: 2, off: 1, expr: { coefficients: [1, 2] } })
  })

  test('hold exactly where the sum says so', () => {
    const coefficient = fc.constantFrom(-3, -1, 0.5, 1, 12.5, 100 / 3)
    fc.assert(
      fc.property(
        fc.array(coefficient, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: -4, max: 40 }),
        fc.boolean(),
        fc.array(fc.nat(1), { minLength: 3, maxLength: 3 }),
        (c, k, strict, host) => {
          const s = store()
          const sum = new LinearSum()
          c.forEach((v, vm) => {
            sum.add(s.literal(s.atom(vm, 0), v))
          })
          const value = c.reduce((t, v, vm) => t + (host[vm] === 0 ? v : 0), 0)
          fc.pre(Math.abs(value - k) > 1e-6 || Number.isInteger(value))
          const literal = s.atLeast(sum.finish(), k, strict)
          expect(literalValue(literal, s.evaluate(host)) === 1).toBe(strict ? value > k : value >= k)
        },
      ),
    )
  })
})

describe('granularity', () => {
  test.each([
    [[2, 4, 6], 2],
    [[12.5, 25, 37.5], 12.5],
    [[100 / 3, 200 / 3], 100 / 3],
    [[0.1, 0.2, 0.7], 0.1],
    [[1, Math.PI], 0],
    [[], 0],
  ])('%j is a multiple of %d', (values, g) => {
    expect(granularity(values)).toBeCloseTo(g, 9)
  })
})
