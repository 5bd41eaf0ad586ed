import { describe, expect, it } from 'vitest'
import { readCases } from './cases.ts'
import { differences } from './differences.ts'
import { runCase } from './run-case.ts'

const cases = readCases()

describe('what Congress’s own tests say of its language', () => {
  for (const [name, c] of cases)
    if (differences[name] === undefined) it(name, () => runCase(c))
    else it(`${name} differs: ${differences[name]}`, () => expect(() => runCase(c)).toThrow())

  it('lists only cases that are there', () => {
    expect(Object.keys(differences).filter(name => !cases.has(name))).toEqual([])
  })
})
