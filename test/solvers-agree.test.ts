import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeSolvers, type Solution, solveModel } from '../solvers/index.ts'
import { openWorld } from '../src/control/index.ts'
import { buildModel } from '../src/placement/index.ts'

/** Every solver that is installed and takes the model reaches the same objective vector; the others say why they do not. */

const top = join(import.meta.dirname, '..')
const data = join(top, 'fixtures/nfv-poc')
const questions = [
  'capacity ha balance',
  'capacity balance consolidate',
  'capacity ha balance consolidate',
  'capacity ha balance consolidate pair-only',
  'capacity utilization',
  'capacity utilization pair-only',
  'capacity ha balance budget',
  'capacity three-members balance pair-only',
]
const solvers = (await describeSolvers()).filter(s => s.available).map(s => s.name)

test.each(questions)('%s', async question => {
  const policies = question.split(' ').map(name => join(top, 'policies/nfv-poc', `${name}.dl`))
  const change = [join(data, 'delete-large3.change.jsonl')]
  const { program, tables } = await openWorld({ policies, data, change }, new Map())
  const { model } = buildModel({ program, tables })
  const answers: Solution[] = []
  for (const solver of solvers) answers.push(await solveModel(model, { solver, timeLimitSeconds: 120 }))
  for (const [i, answer] of answers.entries()) {
    expect(answer.status).toBe('optimal')
    expect(answer.objective).toEqual(answers[0]!.objective)
    if (answer.solver !== solvers[i])
      expect(answer.declined[0]).toMatchObject({ solver: solvers[i], reason: expect.stringMatching(/limit/) })
  }
  const large = model.columns.count > 400
  expect(answers[solvers.indexOf('javascript-lp-solver')]!.solver === 'javascript-lp-solver').toBe(!large)
})
