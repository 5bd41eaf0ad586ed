import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NEW, OLD, Relation } from './relation.ts'

type Op =
  | { readonly kind: 'insert' | 'delete'; readonly row: readonly number[] }
  | { readonly kind: 'commit' | 'rollback' | 'index' }

const row = fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 3 }), fc.nat({ max: 2 }))
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('insert' as const), row }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), row }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'rollback' as const, 'index' as const) }),
  },
)

function rows(relation: Relation): string[] {
  const all: string[] = []
  relation.eachSlot(slot => all.push(relation.row(slot).join()))
  return all.sort()
}

describe('Relation', () => {
  it('is a set under any sequence of changes, commits and rollbacks, as its indexes tell too', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), ops => {
        const relation = new Relation(3)
        let before = new Set<string>()
        let now = new Set<string>()
        for (const o of ops) {
          if (o.kind === 'insert') {
            expect(relation.insert(o.row) >= 0).toBe(!now.has(o.row.join()))
            now.add(o.row.join())
          } else if (o.kind === 'delete') {
            expect(relation.delete(o.row) >= 0).toBe(now.delete(o.row.join()))
          } else if (o.kind === 'index') {
            relation.index([1])
            relation.index([0, 2])
          } else {
            relation[o.kind]()
            if (o.kind === 'rollback') now = new Set(before)
            before = new Set(now)
          }
          expect(rows(relation)).toEqual([...now].sort())
          expect(relation.size).toBe(now.size)
          const came: string[] = []
          const went: string[] = []
          relation.eachChange(NEW, slot => came.push(relation.row(slot).join()))
          relation.eachChange(OLD, slot => went.push(relation.row(slot).join()))
          expect(came.sort()).toEqual([...now].filter(r => !before.has(r)).sort())
          expect(went.sort()).toEqual([...before].filter(r => !now.has(r)).sort())
        }
        for (const columns of [[1], [0, 2]]) {
          const index = relation.index(columns)
          for (const r of now) {
            const wanted = r.split(',').map(Number)
            const key = columns.map(c => wanted[c]!)
            let found = false
            for (let slot = index.first(key); slot >= 0; slot = index.next[slot]!) {
              if (index.matches(slot, key) && relation.row(slot).join() === r) found = true
            }
            expect(found).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('counts derivations, through values below zero too', () => {
    const relation = new Relation(1, { counted: true })
    expect(relation.adjust([7], -1)).toBe(false)
    expect(relation.find([7])).toBe(-1)
    relation.adjust([7], 2)
    expect(relation.size).toBe(1)
    relation.commit()
    relation.adjust([7], 1)
    relation.adjust([7], -2)
    expect(relation.size).toBe(0)
    relation.rollback()
    expect(relation.counts[relation.find([7])]).toBe(1)
  })

  it('keeps its rows while a bit matrix takes the place of the hash and gives it back', () => {
    const relation = new Relation(2)
    const n = 200
    for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) relation.add([a, (b * 7) % n])
    expect(relation.matrix).toBeDefined()
    expect(relation.size).toBe(n * n)
    expect(relation.has([3, 199])).toBe(true)
    expect(relation.has([3, 200])).toBe(false)
    expect(relation.add([5, 5])).toBe(-1)
    // A pair beyond the matrix.
    expect(relation.add([5000, 5])).toBeGreaterThanOrEqual(0)
    expect(relation.matrix).toBeUndefined()
    expect(relation.remove([5, 5])).toBe(true)
    expect(relation.has([5, 5])).toBe(false)
    expect(relation.find([5000, 5])).toBeGreaterThanOrEqual(0)
    const index = relation.index([1])
    let found = 0
    for (let slot = index.first([5]); slot >= 0; slot = index.next[slot]!) if (index.matches(slot, [5])) found++
    expect(found).toBe(n)
  })

  it('guesses how many rows a value has', () => {
    const relation = new Relation(2)
    for (let i = 0; i < 20_000; i++) relation.add([i, i % 10])
    expect(relation.rowsFor([0])).toBeLessThan(4)
    expect(relation.rowsFor([1])).toBeGreaterThan(1000)
    expect(relation.rowsFor([])).toBe(20_000)
  })

  it('finds each row once through an index that grew, whatever met in a bucket before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 63 }), { minLength: 20, maxLength: 60 }), fc.boolean(), (values, undo) => {
        const relation = new Relation(2)
        relation.insert([0, 0])
        const index = relation.index([0])
        relation.commit()
        values.forEach((v, i) => {
          relation.insert([v, i + 1])
        })
        if (undo) relation.rollback()
        for (let v = 0; v < 64; v++) {
          const found: number[] = []
          for (let slot = index.first([v]); slot >= 0 && found.length < 100; slot = index.next[slot]!)
            if (relation.holds(slot) && index.matches(slot, [v])) found.push(relation.row(slot)[1]!)
          const expected = undo ? [] : values.flatMap((w, i) => (w === v ? [i + 1] : []))
          expect(found.sort((a, b) => a - b)).toEqual(v === 0 ? [0, ...expected] : expected)
        }
      }),
    )
  })
})
