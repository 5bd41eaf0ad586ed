/**
 * The machine reassignment problem of the ROADEF/EURO challenge 2012, stated as a policy and solved by the general engine:
 *   npx tsx bench/roadef/run.ts [--seconds N] [--seed N] [--answers FOLDER] FOLDER [INSTANCE …]
 * FOLDER holds `model_NAME.txt` and `assignment_NAME.txt`, as the challenge published them. Prints one line an instance. `gap` is
 * (found − best known) / (original − best known); `broken` counts the hard constraints that the checker, which knows neither policy nor
 * engine, finds broken. With --answers, the assignments found are written there in the challenge's form.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check, lowerBound } from './check.ts'
import { readInstance } from './instance.ts'
import { solve } from './solve.ts'

/** The cheapest assignments that we know of, found by others. */
const BEST_KNOWN: Readonly<Record<string, number>> = {
  a1_1: 44306501,
  a1_2: 777531842,
  a1_3: 583005719,
  a1_4: 248524578,
  a1_5: 727578310,
  a2_1: 329,
  a2_2: 746097632,
  a2_3: 1210644572,
  a2_4: 1680615349,
  a2_5: 318358949,
}

const args = process.argv.slice(2)
const option = (name: string): string | undefined => {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
const seconds = Number(option('seconds') ?? 300)
const seed = Number(option('seed') ?? 1)
const answers = option('answers')
const [folder, ...chosen] = args
if (folder === undefined) {
  console.error('usage: npx tsx bench/roadef/run.ts [--seconds N] [--seed N] [--answers FOLDER] FOLDER [INSTANCE …]')
  process.exit(2)
}
const names =
  chosen.length > 0
    ? chosen
    : readdirSync(folder)
        .flatMap(file => /^model_(.+)\.txt$/.exec(file)?.[1] ?? [])
        .sort()

console.log(
  'instance      original          found     best known    lower bound    gap %  broken  moved  proof   CPU s  elapsed s',
)
for (const name of names) {
  const instance = readInstance(join(folder, `model_${name}.txt`), join(folder, `assignment_${name}.txt`))
  const start = process.cpuUsage()
  const began = Date.now()
  const { assignment, target } = await solve(instance, { timeLimitSeconds: seconds, seed })
  const { user, system } = process.cpuUsage(start)
  const original = check(instance, instance.initial).cost
  const { cost, broken } = check(instance, assignment)
  const best = BEST_KNOWN[name]
  const gap = best === undefined ? '' : ((100 * (cost - best)) / (original - best)).toFixed(3)
  console.log(
    [
      name.padEnd(8),
      String(original).padStart(13),
      String(cost).padStart(14),
      String(best ?? '').padStart(14),
      String(lowerBound(instance)).padStart(14),
      gap.padStart(8),
      String(broken.length).padStart(7),
      String(target.moves.length).padStart(6),
      target.proof.padStart(7),
      ((user + system) / 1e6).toFixed(0).padStart(6),
      ((Date.now() - began) / 1000).toFixed(0).padStart(10),
    ].join(' '),
  )
  for (const text of broken.slice(0, 5)) console.log(`  ${text}`)
  if (answers !== undefined) {
    mkdirSync(answers, { recursive: true })
    writeFileSync(join(answers, `${name}.txt`), `${assignment.join(' ')}\n`)
  }
}
process.exit(0)
