/**
 * All solvers on the same models, each alone, in one table:
 *   npx tsx bench/placement/solvers.ts [--seconds N] [nfv-poc | HOSTS/VMS/FILL …]
 * No start is given and no search is run: what is compared is the solver. `objective` is the aims in their order; `s` is elapsed time, with
 * each solver loaded before.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeSolvers, ModelBuilder } from '../../solvers/index.ts'
import { registry } from '../../solvers/registry.ts'
import { openWorld } from '../../src/control/index.ts'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { buildModel, type PlaceInput } from '../../src/placement/index.ts'
import { makeInstance } from './instance.ts'

const top = join(import.meta.dirname, '../..')
const args = process.argv.slice(2)
const at = args.indexOf('--seconds')
const seconds = at < 0 ? 20 : Number(args.splice(at, 2)[1])
const clouds = args.length > 0 ? args : ['nfv-poc', '10/50/0.63', '50/250/0.63']

async function worldOf(cloud: string): Promise<PlaceInput> {
  if (cloud === 'nfv-poc') {
    const poc = join(top, 'fixtures/nfv-poc')
    const policies = ['ha', 'balance', 'capacity'].map(name => join(top, `policies/nfv-poc/${name}.dl`))
    const change = [join(poc, 'delete-large3.change.jsonl')]
    return openWorld({ policies, data: poc, change }, new Map())
  }
  const [hosts, vms, fill] = cloud.split('/').map(Number) as [number, number, number]
  const tables = makeInstance(hosts, vms, fill, 1)
  const text = readFileSync(join(import.meta.dirname, 'policy.dl'), 'utf8')
  const schemas = [...tables.values()].map(t => t.schema)
  return { program: checkPolicies([parsePolicy(text, 'policy.dl').policy], { schemas }).program, tables }
}

const here = new Set((await describeSolvers()).filter(s => s.available).map(s => s.name))

/** A solver's code is loaded once in the life of a process: not part of what is compared. */
async function warmUp(): Promise<void> {
  const b = new ModelBuilder()
  b.addObjective({ name: 'x', entries: [[b.addColumn({ name: 'x', lower: 0.5, upper: 1, integer: true }), 1]] })
  for (const solver of registry) if (here.has(solver.name)) await solver.solve(b.build(), {})
}

await warmUp()
console.log('| model | columns / rows | solver | s | proof | objective |\n| --- | --- | --- | --- | --- | --- |')
for (const cloud of clouds) {
  const { model, constants } = buildModel(await worldOf(cloud))
  for (const solver of registry.filter(s => here.has(s.name) && s.name !== 'executable')) {
    const started = performance.now()
    const line = async (): Promise<[proof: string, objective: string]> => {
      const declined = await solver.declines(model)
      if (declined !== undefined) return ['declines', declined]
      const { status, objective } = await solver.solve(model, { timeLimitSeconds: seconds })
      return [status, objective.map((value, i) => Number((value + constants[i]!).toFixed(3))).join(', ')]
    }
    const [proof, objective] = await line().catch((error: Error) => ['fails', error.message])
    const took = ((performance.now() - started) / 1000).toFixed(1)
    console.log(
      `| ${cloud} | ${model.columns.count} / ${model.rows.count} | ${solver.name} | ${took} | ${proof} | ${objective} |`,
    )
  }
}
process.exit(0)
