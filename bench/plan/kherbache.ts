/**
 * How well durations and makespans of real live migrations are foreseen, and how our schedules compare with fixed parallelism.
 *
 *     npx tsx bench/plan/kherbache.ts [FOLDER]
 *
 * FOLDER: a copy of the data set (input/, real/); by default the part of it in fixtures/kherbache. Parameters are calibrated on half of
 * the plans and judged on the other, and the other way round.
 */
import { calibrate } from '../../src/plan/index.ts'
import { observationsOf, readExperiments } from './kherbache-data.ts'
import { crossValidate, type Errors, makespans } from './kherbache-figures.ts'

const experiments = readExperiments(process.argv[2])
const percent = (x: number) => `${(100 * x).toFixed(1)} %`.padStart(8)

console.log(`${experiments.length} executions of ${new Set(experiments.map(e => e.plan)).size} plans\n`)
console.log('expected against measured'.padEnd(40), 'median |error|', 'p90 |error|', 'mean error', 'median error')
const { durations, makespans: wholes, theirs, within } = crossValidate(experiments)
const line = (name: string, { count, median, p90, bias, middle }: Errors) =>
  console.log(
    `${name} (${count})`.padEnd(40),
    percent(median).padStart(14),
    percent(p90).padStart(11),
    percent(bias).padStart(10),
    percent(middle).padStart(12),
  )
line('single durations', durations)
line('makespans', wholes)
line("makespans, as the plans' authors expected", theirs)
console.log(`between the likely low and high: ${percent(within).trim()} of executions`)

const parameters = calibrate(experiments.flatMap(observationsOf))
console.log('\nparameters from all executions:', parameters)

console.log('\nmakespan in seconds, by the same model:')
console.log('plan'.padStart(6), ...['ours', '1', '2', '4', 'theirs'].map(s => s.padStart(8)))
let longer = 0
const sums = [0, 0, 0, 0, 0]
for (const e of experiments.filter(x => x.set === experiments[0]!.set)) {
  const { ours, fixed, theirs: other } = makespans(e, parameters)
  const row = [ours, ...fixed, other]
  row.forEach((x, i) => {
    sums[i]! += x
  })
  if (fixed.some(x => x < ours - 1e-6)) longer++
  console.log(`${e.plan}`.padStart(6), ...row.map(x => x.toFixed(1).padStart(8)))
}
console.log('sum'.padStart(6), ...sums.map(x => x.toFixed(1).padStart(8)))
console.log(`\nours is longer than a fixed parallelism in ${longer} plans`)
