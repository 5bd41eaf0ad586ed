import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../src/diagnostic/index.ts'
import { type ChainOptions, describeSolvers, type Model, ModelBuilder, solveModel, solverNames } from './index.ts'
import { type RegisteredSolver, registry, workerSolver } from './registry.ts'
import { assignment } from './testing/models.ts'

const wide = { columns: 1000, entries: 1000, reason: 'a test' }
const fake = (behaviour: string) =>
  workerSolver(behaviour, wide, new URL(`./testing/fake-engine.ts?${behaviour}`, import.meta.url))
const highs = registry.find(s => s.name === 'highs')!

/** The code of the one diagnostic that solving ends in. */
async function codeOf(model: Model, options: ChainOptions, solvers?: readonly RegisteredSolver[]): Promise<string> {
  const error = await solveModel(model, options, solvers).catch(e => e)
  expect(error).toBeInstanceOf(DiagnosticError)
  return (error as DiagnosticError).diagnostics[0]!.code
}

/** x + y ≥ 1 of two binaries, fewest; both at 1 is feasible, both at 0 isn't. */
function pair(): Model {
  const b = new ModelBuilder()
  const x = b.addColumn({ name: 'x', upper: 1, integer: true })
  const y = b.addColumn({ name: 'y', upper: 1, integer: true })
  b.addRow({
    name: 'one of them',
    entries: [
      [x, 1],
      [y, 1],
    ],
    lower: 1,
  })
  b.addObjective({
    name: 'number',
    entries: [
      [x, 1],
      [y, 1],
    ],
    granularity: 1,
  })
  return b.build()
}

describe('the chain', () => {
  it.each([
    ['crash', 'table index is out of bounds'],
    ['exit', 'its thread ended with code 3'],
    ['fraction', 'wrong answer: integer column x = 0.5'],
    ['row', 'wrong answer: row one of them = 0 is outside 1..Infinity'],
  ])('passes over a solver that answers by %s', async (behaviour, reason) => {
    const solution = await solveModel(pair(), {}, [fake(behaviour), highs])
    expect(solution).toMatchObject({
      status: 'optimal',
      objective: [1],
      solver: 'highs',
      declined: [{ solver: behaviour, reason }],
    })
  })

  it('passes over a solver that denies a point that is known', async () => {
    const options = { start: Float64Array.of(1, 1) }
    const solution = await solveModel(pair(), options, [fake('infeasible'), highs])
    expect(solution).toMatchObject({ solver: 'highs', objective: [1] })
    expect(solution.declined[0]!.reason).toMatch(/no feasible point, though one is known/)
  })

  it('passes over a solver whose limits the model exceeds', async () => {
    const small = { ...fake('ok'), name: 'small' }
    const gated = workerSolver('small', { columns: 1, entries: 9, reason: '' }, new URL('file:///nowhere.ts'))
    expect((await solveModel(pair(), {}, [gated, small])).declined).toEqual([
      { solver: 'small', reason: '2 columns, the limit is 1' },
    ])
  })

  it('ends a solver that hangs at the deadline, keeping what was seen', async () => {
    const found: (readonly number[])[] = []
    const options = {
      timeLimitSeconds: 0.2,
      onIncumbent: (_: Float64Array, o: readonly number[]) => void found.push(o),
    }
    const solution = await solveModel(pair(), options, [fake('hang-after-incumbent')])
    expect(solution).toMatchObject({ status: 'feasible', objective: [2], bounds: [1] })
    expect(found).toEqual([[2]])
    expect(await solveModel(pair(), { timeLimitSeconds: 0.2 }, [fake('hang')])).toMatchObject({
      status: 'none',
      values: new Float64Array(0),
      objective: [],
    })
  })

  it('gives back the start when nothing better was found', async () => {
    const options = { timeLimitSeconds: 0.2, start: Float64Array.of(1, 1) }
    expect(await solveModel(pair(), options, [fake('hang')])).toMatchObject({
      status: 'feasible',
      objective: [2],
      bounds: [0],
    })
  })

  it('asks nobody when the start is at the trivial bound of every objective', async () => {
    const b = new ModelBuilder()
    const x = b.addColumn({ name: 'x', upper: 3, integer: true })
    b.addObjective({ name: 'x', entries: [[x, 1]], granularity: 1 })
    const solution = await solveModel(b.build(), { start: Float64Array.of(0) }, [fake('crash')])
    expect(solution).toMatchObject({ status: 'optimal', objective: [0], bounds: [0] })
  })

  it('stops at an abort, before it starts and while it solves', async () => {
    expect(await solveModel(pair(), { signal: AbortSignal.abort() }, [highs])).toMatchObject({ status: 'none' })
    for (const delay of [0, 1, 20, 300]) {
      const abort = new AbortController()
      setTimeout(() => abort.abort(), delay)
      const solution = await solveModel(pair(), { signal: abort.signal }, [fake('hang')])
      expect(solution).toMatchObject({ status: 'none', declined: [] })
    }
    const abort = new AbortController()
    const options = { signal: abort.signal, onIncumbent: () => abort.abort() }
    const solution = await solveModel(pair(), options, [fake('hang-after-incumbent')])
    expect(solution).toMatchObject({ status: 'feasible', objective: [2], bounds: [1] })
  })

  it('solves on after aborts, several at a time', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => solveModel(pair(), {}, [highs])))
    expect(answers.map(a => a.objective)).toEqual([[1], [1], [1], [1]])
  })

  it('answers the same for the same seed', async () => {
    const model = assignment(4, 9, 6)
    const [a, b] = [await solveModel(model, { seed: 7 }), await solveModel(model, { seed: 7 })]
    expect(a.values).toEqual(b.values)
    expect(a.status).toBe('optimal')
  })

  it('leaves the model as it was', async () => {
    const model = assignment(3, 6, 6)
    await solveModel(model)
    expect(model).toMatchObject({
      columns: { lower: assignment(3, 6, 6).columns.lower, upper: assignment(3, 6, 6).columns.upper },
      rows: { entryValue: assignment(3, 6, 6).rows.entryValue, lower: assignment(3, 6, 6).rows.lower },
    })
  })

  it('starts from a point that was given, and is not worse than it', async () => {
    const model = assignment(3, 6, 6)
    const { values } = await solveModel(model)
    const again = await solveModel(model, { start: values })
    expect(again.objective).toEqual([0, 2, 2])
  })
})

describe('what is asked of the chain', () => {
  it('knows its solvers', async () => {
    expect(solverNames()).toEqual(
      expect.arrayContaining(['highs', 'glpk.js', 'javascript-lp-solver', 'executable', 'cbc']),
    )
    const described = await describeSolvers()
    expect(described.map(d => d.name)).toEqual(solverNames())
    expect(described[0]).toMatchObject({ name: 'highs', available: true })
    for (const d of described) expect(d.available).toBe(d.reason === undefined)
  })

  it('names the solvers, and the nearest, when one is unknown', async () => {
    const error: DiagnosticError = await solveModel(pair(), { solver: 'higs' }).catch(e => e)
    expect(error.diagnostics[0]).toMatchObject({
      code: 'solver/unknown',
      message: 'there is no solver called `higs`',
      help: expect.stringMatching(/^did you mean `highs`\? solvers are highs, /),
    })
  })

  it('refuses options that make no sense', async () => {
    expect(await codeOf(pair(), { timeLimitSeconds: 0 })).toBe('solver/option')
    expect(await codeOf(pair(), { timeLimitSeconds: Number.NaN })).toBe('solver/option')
    expect(await codeOf(pair(), { gap: -1 })).toBe('solver/option')
    expect(await codeOf(pair(), { seed: 1.5 })).toBe('solver/option')
  })

  it('says that nobody could answer, and why', async () => {
    expect(await codeOf(pair(), {}, [fake('crash'), fake('row')])).toBe('solver/no-answer')
    const b = new ModelBuilder()
    b.addObjective({ name: 'endless', entries: [[b.addColumn({ name: 'x' }), -1]] })
    expect(await codeOf(b.build(), {}, [highs])).toBe('solver/unbounded')
  })

  it('gives the start back where nobody could answer, unless that does not hold', async () => {
    const broken = [fake('crash'), fake('row')]
    const solution = await solveModel(pair(), { start: Float64Array.of(1, 1) }, broken)
    expect(solution).toMatchObject({ status: 'feasible', objective: [2], bounds: [-Infinity], solver: 'none' })
    expect([...solution.values]).toEqual([1, 1])
    expect(solution.declined.map(({ solver }) => solver)).toEqual(['crash', 'row'])
    expect(await codeOf(pair(), { start: Float64Array.of(0, 0) }, broken)).toBe('solver/no-answer')
  })

  it('asks the named solver first', async () => {
    expect(await solveModel(pair(), { solver: 'javascript-lp-solver' })).toMatchObject({
      solver: 'javascript-lp-solver',
      declined: [],
    })
    const tooLarge = await solveModel(assignment(20, 20, 6), { solver: 'javascript-lp-solver' })
    expect(tooLarge).toMatchObject({
      solver: 'highs',
      declined: [{ solver: 'javascript-lp-solver', reason: '440 columns, the limit is 400' }],
    })
  })
})
