import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { checkPolicies, parsePolicy } from '../language/index.ts'
import { createEvaluator, simulate } from './index.ts'
import { table } from './testing/core.ts'

const cloud = [
  table('on', [
    ['a', 'h1'],
    ['b', 'h2'],
  ]),
  table('size', [
    ['a', 4],
    ['b', 3],
  ]),
]

const policy = `policy m
crowded(h) :- on(a, h), on(b, h), a != b
load(h, s) :- on(_, h), s = sum n : { on(v, h), size(v, n) }
excused("h9")
error(h) :- crowded(h), not excused(h)
insert[on(v, to)] :- move(v, to)
delete[on(v, from)] :- move(v, to), on(v, from)
insert[on("new", h)], insert[size("new", n)] :- create(n), h = min g : { on(_, g) }
result(v, h) :- insert[on(v, h)]
`

function setUp(text = policy) {
  const { program, diagnostics } = checkPolicies([parsePolicy(text, 'm.dl').policy], {
    schemas: [...cloud.map(t => t.schema), { table: 'spare', columns: [{ name: 'host' }] }],
  })
  expect(diagnostics.filter(d => d.severity === 'error')).toEqual([])
  const evaluator = createEvaluator(program)
  evaluator.load(cloud)
  const contents = () => Object.fromEntries([...program.tables.keys()].map(t => [t, evaluator.view.rows(t)]))
  const run = (sequence: string, query: string, trace = false) =>
    simulate(evaluator, program, { sequence, query, trace })
  return { program, evaluator, run, contents }
}

describe('simulate', () => {
  it('rows in and out, in their order, and nothing of it stays', () => {
    const { run, contents, evaluator } = setUp()
    const before = contents()
    expect(run('on-("b", "h2") on+("b", "h1")', 'error(h)')).toMatchObject({
      after: { columns: ['h'], rows: [['h1']] },
      inserted: [['h1']],
      removed: [],
    })
    expect(run('on+("b", "h1") on-("b", "h1")', 'error(h)').after.rows).toEqual([])
    expect(run('on-("b", "h1") on+("b", "h1")', 'error(h)').after.rows).toEqual([['h1']])
    expect(run('', 'load(h, s)')).toMatchObject({ inserted: [], removed: [], steps: [] })
    expect(contents()).toEqual(before)
    expect(evaluator.warnings).toEqual([])
  })

  it('actions do what insert and delete rules say; inserting wins', () => {
    const { run, contents } = setUp()
    const before = contents()
    const { after, inserted, removed } = run('move("b", "h1")', 'load(h, s)')
    expect(after.rows).toEqual([['h1', 7]])
    expect([inserted, removed]).toEqual([
      [['h1', 7]],
      [
        ['h1', 4],
        ['h2', 3],
      ],
    ])
    expect(run('move("a", "h1")', 'on("a", h)').after.rows).toEqual([['h1']])
    expect(contents()).toEqual(before)
  })

  it('results of an action are there for the next, which is left out where its body has no answer', () => {
    const { run } = setUp()
    expect(run('create(2) move(v, "h2") :- result(v, _)', 'on("new", h)').after.rows).toEqual([['h2']])
    expect(run('move(v, "h2") :- result(v, _)', 'on("a", h)').after.rows).toEqual([['h1']])
    expect(run('move(v, "h9") :- on(v, "h1")', 'on(v, "h9")').after.rows).toEqual([['a']])
  })

  it('rules come and go, whatever their variables are called; facts of the policy go too', () => {
    const { run, contents } = setUp()
    const before = contents()
    expect(run('error+(h) :- load(h, s), s > 3', 'error(h)').after.rows).toEqual([['h1']])
    const crowded = 'move("b", "h9") move("a", "h9")'
    expect(run(crowded, 'error(h)').after.rows).toEqual([])
    expect(run(`${crowded} excused-("h9")`, 'error(h)').after.rows).toEqual([['h9']])
    expect(run(`excused-("h9") ${crowded}`, 'error(h)').after.rows).toEqual([['h9']])
    expect(run(`${crowded} error-(x) :- crowded(x), not excused(x)`, 'error(h)').after.rows).toEqual([])
    expect(run(`excused+(h) :- on(_, h) excused-(g) :- on(_, g)`, 'excused(h)').after.rows).toEqual([['h9']])
    expect(contents()).toEqual(before)
  })

  it('tells each step with what followed', () => {
    const { steps } = setUp().run('move("b", "h1") on-("a", "h1")', 'error(h)', true)
    expect(steps.map(s => [s.text, s.inserted.length, s.removed.length, [...s.changes.keys()]])).toEqual([
      ['move("b", "h1")', 1, 1, ['m:error']],
      ['on-("a", "h1")', 0, 1, ['m:error']],
    ])
  })

  it('takes thousands of rows as one step, and stops at too many actions', () => {
    const { run } = setUp()
    const rows = Array.from({ length: 3000 }, (_, i) => `on+("v${i}", "h${i % 7}")`).join(' ')
    expect(run(rows, 'n = count : { on(v, h) }').after.rows).toEqual([[3002]])
    const { steps } = run('move("a", "h2") move("a", "h1")'.repeat(200), 'on("a", h)')
    expect(steps).toHaveLength(400)
    expect(() => run('move("a", "h2")\n'.repeat(501), 'on("a", h)')).toThrow('at most 500 steps')
  })

  it.each([
    ['on+("b"', 'language/'],
    ['on+(x, "h1")', 'datalog/bad-step'],
    ['on+("b")', 'language/'],
    ['onn+("b", "h1")', 'datalog/unknown-table'],
    ['mvoe("b", "h1")', 'datalog/unknown-action'],
    ['on("b", "h1"), on+("b", "h1")', 'datalog/bad-step'],
    ['execute[nova:stop("b")]', 'datalog/bad-step'],
    ['error+(h) :- not crowded(h)', 'language/unsafe'],
    ['crowded+(h) :- on(_, h), not error(h)', 'language/unstratified'],
    ['zz:error+(h) :- on(_, h)', 'language/foreign-head'],
    ['move("b", "h1"', 'language/'],
    ['move(v, "h1") :- on(v, _, _)', 'language/'],
    ['move(v, "h1") :- nobody(v)', 'language/unknown-table'],
  ])('refuses %s with its place, and nothing changes', (sequence, code) => {
    const { run, contents } = setUp()
    const before = contents()
    const thrown = catching(() => run(`on+("c", "h1") ${sequence}`, 'error(h)'))
    expect(thrown).toBeInstanceOf(DiagnosticError)
    const [first] = (thrown as DiagnosticError).diagnostics
    expect(first?.code).toContain(code)
    expect(contents()).toEqual(before)
  })
})

function catching(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
