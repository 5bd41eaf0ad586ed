import { expect, test } from 'vitest'
import { observationsOf, readExperiments } from '../../bench/plan/kherbache-data.ts'
import { crossValidate, makespans } from '../../bench/plan/kherbache-figures.ts'
import { calibrate } from '../../src/plan/index.ts'

const experiments = readExperiments()

test('durations and makespans of real migrations are foreseen within a tenth, without bias', () => {
  const { durations, makespans: wholes, theirs } = crossValidate(experiments)
  expect(durations.count).toBe(240)
  expect(durations.median).toBeLessThan(0.1)
  expect(Math.abs(durations.bias)).toBeLessThan(0.03)
  expect(wholes.count).toBe(24)
  expect(wholes.median).toBeLessThan(0.1)
  expect(Math.abs(wholes.bias)).toBeLessThan(0.05)
  expect(wholes.median).toBeLessThan(theirs.median)
})

test('our schedules are never longer than 1, 2 or 4 migrations at once, nor than the plans that were carried out', () => {
  const parameters = calibrate(experiments.flatMap(observationsOf))
  for (const e of experiments.filter(x => x.set === 1)) {
    const { ours, fixed, theirs } = makespans(e, parameters)
    for (const other of [...fixed, theirs]) expect(ours).toBeLessThanOrEqual(other)
  }
})
