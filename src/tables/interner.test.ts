import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashBytes } from './hash.ts'
import { Interner } from './interner.ts'
import type { Value } from './types.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '0', 'true', 'null', '\ud800', '\udc00', '\0'),
)
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 1023, 1024),
)
const value: fc.Arbitrary<Value> = fc.oneof(text, number, fc.boolean(), fc.constant(null))

describe('an interner', () => {
  it('gives one id to each value, in order, and the value back', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), values => {
        const interner = new Interner()
        const reference = new Map<Value, number>()
        for (const v of values) {
          const known = reference.get(v)
          expect(interner.find(v)).toBe(known ?? -1)
          const id = interner.intern(v)
          expect(id).toBe(known ?? reference.size)
          reference.set(v, id)
        }
        expect(interner.size).toBe(reference.size)
        for (const [v, id] of reference) {
          expect(interner.value(id)).toBe(v)
          expect(interner.numbers[id]).toBe(typeof v === 'number' ? v : Number.NaN)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('knows a text in bytes for the same as the string', () => {
    const ascii = fc.array(fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', '1', ' ') }), { maxLength: 60 })
    fc.assert(
      fc.property(ascii, ascii, (strings, texts) => {
        const interner = new Interner()
        const before = strings.map(s => interner.intern(s))
        const bytes = Buffer.from(texts.join(''))
        const ends = Int32Array.from(texts.map((_, i) => texts.slice(0, i + 1).join('').length))
        const starts = Int32Array.from(texts.map((t, i) => ends[i]! - t.length))
        const hashes = Int32Array.from(texts.map((_, i) => hashBytes(bytes, starts[i]!, ends[i]!)))
        const targets = Int32Array.from(texts.map((_, i) => i))
        const ids = new Int32Array(texts.length)
        interner.internTexts({ bytes, starts, ends, hashes, targets, count: texts.length }, ids)
        texts.forEach((t, i) => {
          expect(interner.find(t)).toBe(ids[i])
          expect(interner.value(ids[i]!)).toBe(t)
        })
        expect(strings.map(s => interner.find(s))).toEqual(before)
        expect(interner.size).toBe(new Set([...strings, ...texts]).size)
      }),
      { numRuns: 200 },
    )
  })

  it('grows', () => {
    const interner = new Interner()
    for (let i = 0; i < 20_000; i++) expect(interner.intern(i % 2 === 0 ? `vm${i}` : i + 0.5)).toBe(i)
    for (let i = 0; i < 20_000; i++) expect(interner.value(i)).toBe(i % 2 === 0 ? `vm${i}` : i + 0.5)
    const long = 'x'.repeat(1_000_000)
    expect(interner.value(interner.intern(long))).toBe(long)
  })

  it('refuses what is no value', () => {
    expect(() => new Interner().intern(Number.NaN)).toThrow()
    expect(() => new Interner().intern(Number.POSITIVE_INFINITY)).toThrow()
  })
})
