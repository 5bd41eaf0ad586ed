import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fillRelation } from './fill-relation.ts'
import { Relation } from './relation.ts'

const IDS = 5

it('stores the same set as one row after the other, and keeps it under changes', () => {
  const table = fc.integer({ min: 0, max: 3 }).chain(arity =>
    fc.array(fc.array(fc.nat(IDS - 1), { minLength: arity, maxLength: arity }), { maxLength: 25 }).map(rows => ({
      arity,
      rows,
    })),
  )
  fc.assert(
    fc.property(table, fc.boolean(), ({ arity, rows }, grouped) => {
      if (grouped) rows.sort((a, b) => a[0]! - b[0]!)
      const filled = new Relation(arity)
      const columns = Array.from({ length: arity }, (_, c) => Int32Array.from(rows.map(row => row[c]!)))
      fillRelation(filled, columns, rows.length, IDS)
      const added = new Relation(arity)
      for (const row of rows) added.add(row)
      const rowsOf = (relation: Relation) => {
        const found: string[] = []
        relation.eachSlot(slot => found.push(relation.row(slot).join()))
        return found
      }
      expect(rowsOf(filled)).toEqual(rowsOf(added))
      expect(filled.size).toBe(added.size)
      for (const relation of [filled, added]) {
        if (arity > 0) relation.index([0])
        for (const row of rows.slice(0, 5)) relation.delete(row)
        relation.rollback()
        for (const row of rows.slice(0, 3)) relation.delete(row)
        for (let i = 0; i < 20; i++) relation.insert(Array.from({ length: arity }, (_, c) => IDS + ((i + c) % 7)))
        relation.commit()
      }
      expect(rowsOf(filled).sort()).toEqual(rowsOf(added).sort())
      for (const row of rows) expect(filled.find(row) >= 0).toBe(added.find(row) >= 0)
      for (const row of rows) expect(filled.add(row) >= 0).toBe(added.add(row) >= 0)
    }),
    { numRuns: 300 },
  )
})
