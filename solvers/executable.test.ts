import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDialect, runExecutable } from './executable.ts'
import { dialects } from './executable-dialects.ts'
import { levelModel } from './level.ts'
import { ModelBuilder } from './model-builder.ts'

const limits = { seconds: 5, relativeGap: 0, absoluteGap: 0, seed: 0, start: undefined }
const silent = { incumbent: () => {}, bound: () => {} }
const dialect = (program: string) => dialects.find(d => d.program === program)!

const builder = new ModelBuilder()
builder.addColumn({ name: 'x', upper: 3, integer: true })
builder.addColumn({ name: 'y', upper: 3, integer: true })
builder.addObjective({ name: 'goal', entries: [[0, 1]] })
const model = builder.build()
const level = levelModel(model, model.objectives[0]!, [])

// Programs are stood in for by shell scripts, so that nothing has to be installed.
describe('a program as a solver', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'usher-test-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** A script that answers for `program`; its working directory is written to `where`. */
  async function standIn(program: string, script: string): Promise<string> {
    const file = join(folder, program)
    await writeFile(file, `#!/bin/sh\npwd > ${folder}/where\n${script}\n`)
    await chmod(file, 0o755)
    return file
  }

  it('reads its answer and leaves no file behind', async () => {
    const file = await standIn('cbc', `printf 'Optimal - objective value 1\\n 1 c1 2 0\\n' > solution.txt`)
    const answer = await runExecutable({ dialect: dialect('cbc'), file }, level, limits, silent, undefined)
    expect(answer).toMatchObject({ status: 'optimal', values: Float64Array.of(0, 2) })
    const where = (await readFile(join(folder, 'where'), 'utf8')).trim()
    expect(where).toMatch(/usher-solve-/)
    await expect(readdir(where)).rejects.toThrow('ENOENT')
  })

  it('is killed when the signal says so', async () => {
    const file = await standIn('cbc', 'exec sleep 600')
    const abort = new AbortController()
    const running = runExecutable({ dialect: dialect('cbc'), file }, level, limits, silent, abort.signal)
    setTimeout(() => abort.abort(), 50)
    expect(await running).toMatchObject({ status: 'none' })
    const aborted = AbortSignal.abort()
    expect(await runExecutable({ dialect: dialect('cbc'), file }, level, limits, silent, aborted)).toMatchObject({
      status: 'none',
    })
  })

  it('is killed at the deadline', async () => {
    const file = await standIn('cbc', 'exec sleep 600')
    const short = { ...limits, seconds: 0.05 }
    expect(await runExecutable({ dialect: dialect('cbc'), file }, level, short, silent, undefined)).toMatchObject({
      status: 'none',
    })
  })

  it('that breaks is told by its last words', async () => {
    const file = await standIn('glpsol', 'echo some output; echo "cannot open model" >&2; exit 1')
    await expect(runExecutable({ dialect: dialect('glpsol'), file }, level, limits, silent, undefined)).rejects.toThrow(
      'glpsol gave no answer (exit 1): cannot open model',
    )
  })

  it('that crashes is asked a second time, in another way', async () => {
    const answer = `printf 'Optimal - objective value 1\\n 1 c1 2 0\\n' > solution.txt`
    const file = await standIn('cbc', `case "$*" in *"preprocess on"*) ${answer} ;; *) kill -SEGV $$ ;; esac`)
    const run = runExecutable({ dialect: dialect('cbc'), file }, level, limits, silent, undefined)
    expect(await run).toMatchObject({ status: 'optimal', values: Float64Array.of(0, 2) })
  })

  it('is looked for on PATH', async () => {
    const path = process.env['PATH']
    try {
      process.env['PATH'] = folder
      expect(await findDialect(['cbc', 'scip'])).toBeUndefined()
      await standIn('scip', 'exit 0')
      expect(await findDialect(['cbc', 'scip'])).toMatchObject({
        dialect: { program: 'scip' },
        file: join(folder, 'scip'),
      })
    } finally {
      process.env['PATH'] = path
    }
  })
})

describe('what programs write', () => {
  const read = (program: string, solution: string, output = '') => dialect(program).read(solution, output, 3)

  it('highs', () => {
    const solution = (status: string, primal: string) =>
      `Model status\n${status}\n\n# Primal solution values\n${primal}\n\n# Dual solution values\nNone\n`
    const values = 'Feasible\nObjective 3\n# Columns 3\nc0 1\nc1 0\nc2 2.5\n# Rows 1\nr0 4'
    expect(read('highs', solution('Optimal', values), '  Dual bound        3')).toEqual({
      status: 'optimal',
      values: Float64Array.of(1, 0, 2.5),
      bound: 3,
    })
    expect(read('highs', solution('Time limit reached', values))).toMatchObject({ status: 'feasible' })
    expect(read('highs', solution('Time limit reached', 'None'))).toMatchObject({ status: 'none' })
    expect(read('highs', solution('Infeasible', 'None'))).toMatchObject({ status: 'infeasible' })
    expect(read('highs', solution('Unbounded', 'None'))).toMatchObject({ status: 'unbounded' })
    expect(read('highs', '')).toBeUndefined()
  })

  it('scip', () => {
    const values = 'objective value: 3\nc0   1 \t(obj:3)\nc2   2.5 \t(obj:0)\n'
    expect(read('scip', `solution status: optimal solution found\n${values}`, 'Dual Bound         : +3.0e+00')).toEqual(
      {
        status: 'optimal',
        values: Float64Array.of(1, 0, 2.5),
        bound: 3,
      },
    )
    expect(read('scip', `solution status: time limit reached\n${values}`)).toMatchObject({ status: 'feasible' })
    expect(read('scip', 'solution status: time limit reached\nno solution available\n')).toMatchObject({
      status: 'none',
    })
    expect(read('scip', 'solution status: infeasible\nno solution available\n')).toMatchObject({ status: 'infeasible' })
    expect(read('scip', '')).toBeUndefined()
  })

  it('cbc', () => {
    const values = '      0 c0   1   3\n**    2 c2   2.5  0\n'
    expect(read('cbc', `Optimal - objective value 3\n${values}`)).toMatchObject({
      status: 'optimal',
      values: Float64Array.of(1, 0, 2.5),
    })
    expect(read('cbc', `Stopped on time - objective value 3\n${values}`, 'Lower bound:     2.000')).toMatchObject({
      status: 'feasible',
      bound: 2,
    })
    const relaxed = `Stopped on time (no integer solution - continuous used) - objective value 3\n${values}`
    expect(read('cbc', relaxed)).toMatchObject({ status: 'none' })
    expect(read('cbc', `Infeasible - objective value 3\n${values}`)).toMatchObject({ status: 'infeasible' })
    expect(read('cbc', `Integer infeasible - objective value 3\n${values}`)).toMatchObject({ status: 'infeasible' })
    expect(read('cbc', `Unbounded - objective value 3\n${values}`)).toMatchObject({ status: 'unbounded' })
    expect(read('cbc', '')).toBeUndefined()
  })

  it('glpsol', () => {
    expect(read('glpsol', 'c x\ns mip 1 3 o 3\ni 1 4\nj 1 1\nj 2 0\nj 3 2\ne o f\n')).toMatchObject({
      status: 'optimal',
      values: Float64Array.of(1, 0, 2),
    })
    expect(read('glpsol', 's bas 1 3 f f 3\ni 1 b 4 0\nj 1 b 1 0\nj 2 l 0 0\nj 3 u 2.5 0\ne o f\n')).toMatchObject({
      status: 'optimal',
      values: Float64Array.of(1, 0, 2.5),
    })
    expect(read('glpsol', 's mip 1 3 f 3\nj 1 1\n')).toMatchObject({ status: 'feasible' })
    expect(read('glpsol', 's mip 1 3 u 0\nj 1 0\n')).toMatchObject({ status: 'none' })
    expect(read('glpsol', '', 'PROBLEM HAS NO PRIMAL FEASIBLE SOLUTION')).toMatchObject({ status: 'infeasible' })
    expect(read('glpsol', '')).toBeUndefined()
  })
})
