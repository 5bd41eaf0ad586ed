/**
 * Alibaba's scheduling contest of 2018, stated as a policy and solved by the general engine:
 *   npx tsx bench/alibaba/run.ts [--seconds N] [--cpu] [--seed N] [--machines N] FOLDER
 * FOLDER holds the contest's four files of one data set. With --machines, the first N machines alone, with the instances that are on them
 * and as large a part of those that wait. With --cpu, the limit counts seconds of CPU and not of the clock. `broken` is counted by a checker that knows neither policy nor engine.
 */
import { check } from './check.ts'
import { type Contest, readContest } from './instance.ts'
import { solve } from './solve.ts'

const args = process.argv.slice(2)
const option = (name: string, fallback: number): number => {
  const at = args.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(args.splice(at, 2)[1])
}
const seconds = option('seconds', 300)
const seed = option('seed', 1)
const most = option('machines', Number.POSITIVE_INFINITY)
if (args.includes('--cpu')) {
  args.splice(args.indexOf('--cpu'), 1)
  performance.now = () => process.cpuUsage().user / 1e3 + process.cpuUsage().system / 1e3
}
const [folder] = args
if (folder === undefined) {
  console.error('usage: npx tsx bench/alibaba/run.ts [--seconds N] [--cpu] [--seed N] [--machines N] FOLDER')
  process.exit(2)
}

function part(contest: Contest, machines: number): Contest {
  if (machines >= contest.machines.length) return contest
  const kept = contest.machines.slice(0, machines)
  const ids = new Set(kept.map(m => m.id))
  const waiting = contest.instances.filter(i => i.machine === undefined)
  const share = Math.round((waiting.length * machines) / contest.machines.length)
  const placed = contest.instances.filter(i => i.machine !== undefined && ids.has(i.machine))
  return { ...contest, machines: kept, instances: [...placed, ...waiting.slice(0, share)] }
}

const contest = part(readContest(folder), most)
const home = new Map(contest.instances.map(i => [i.id, i.machine]))
const before = check(contest, id => home.get(id))
const start = process.cpuUsage()
const began = Date.now()
const { machineOf, target } = await solve(contest, { timeLimitSeconds: seconds, seed })
const { user, system } = process.cpuUsage(start)
const after = check(contest, machineOf)
const line = (name: string, { waiting, broken, machines }: typeof before): void =>
  console.log(`${name.padEnd(8)} ${waiting} waiting, ${broken.length} broken, ${machines} machines in use`)
console.log(`${contest.instances.length} instances of ${contest.apps.size} apps, ${contest.machines.length} machines`)
line('before', before)
line('after', after)
console.log(
  `${target.moves.length} moves, proof ${target.proof}, ${((user + system) / 1e6).toFixed(0)} s of CPU, ${((Date.now() - began) / 1000).toFixed(0)} s elapsed`,
)
for (const text of after.broken.slice(0, 5)) console.log(`  ${text}`)
process.exit(0)
