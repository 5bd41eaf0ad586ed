import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quickXplain } from './quick-xplain.ts'

test('finds a minimal conflict, whichever constraints are in it', async () => {
  const cores = fc.array(fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(cores, async conflicts => {
      const inConflict = async (subset: readonly number[]) =>
        conflicts.some(core => core.every(c => subset.includes(c)))
      const found = await quickXplain(12, inConflict)
      expect(await inConflict(found)).toBe(true)
      for (const dropped of found) expect(await inConflict(found.filter(c => c !== dropped))).toBe(false)
    }),
  )
})

test('needs few questions for a small conflict among many', async () => {
  let asked = 0
  const found = await quickXplain(1000, async subset => {
    asked++
    return subset.includes(3) && subset.includes(700)
  })
  expect(found).toEqual([3, 700])
  expect(asked).toBeLessThan(60)
})
