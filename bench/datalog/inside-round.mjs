// One round of inside.ts with the compiled Usher: node inside-round.mjs w1|w2|w3|w4 FOLDER   prints its figures as JSON
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Engine } from '../../dist/src/datalog/engine/engine.js'
import { createEvaluator } from '../../dist/src/datalog/index.js'
import { openFolder } from '../../dist/src/datasources/index.js'
import { checkPolicies, parsePolicy } from '../../dist/src/language/index.js'

const [workload, folder] = process.argv.slice(2)
const { policies, watch, moves } = JSON.parse(readFileSync(join(folder, '.round.json'), 'utf8'))

function cpu() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

// The first evaluation, with all tables in place.
let evaluate = 0
let elapsed = 0
const { evaluateAll } = Engine.prototype
Engine.prototype.evaluateAll = function (...limits) {
  const before = cpu()
  const start = performance.now()
  evaluateAll.apply(this, limits)
  elapsed = performance.now() - start
  evaluate = cpu() - before
}

const tables = [...(await openFolder(folder).read()).values()]
const asts = policies.map((text, i) => parsePolicy(text, `${workload}-${i}.dl`).policy)
const { program } = checkPolicies(asts, { schemas: tables.map(t => t.schema) })
const evaluator = createEvaluator(program, { watch })
evaluator.load(tables)
const counts = when => Object.fromEntries(watch.map(table => [`${table} ${when}`, evaluator.view.count(table)]))
const figures = { evaluate, elapsed, process: cpu(), megabytes: process.resourceUsage().maxRSS / 1000, ...counts('rows') }
if (moves.length > 0) {
  const before = cpu()
  while (evaluator.prepare());
  figures.prepare = cpu() - before
  // One at a time, both answers current after each.
  const times = moves.map(([vm, from, to]) => {
    const delta = { table: 'nova:location', removed: [[vm, from]], inserted: [[vm, to]] }
    const before = performance.now()
    evaluator.apply([delta])
    return (performance.now() - before) * 1000
  })
  const first = times[0]
  const mean = times.reduce((sum, t) => sum + t, 0) / times.length
  times.sort((x, y) => x - y)
  const quantile = q => times[Math.floor(times.length * q)]
  Object.assign(figures, { p50: quantile(0.5), p99: quantile(0.99), mean, first, ...counts('after') })
}
console.log(JSON.stringify(figures))
