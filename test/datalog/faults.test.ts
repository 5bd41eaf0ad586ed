import { describe, expect, it } from 'vitest'
import { createEvaluator, type Evaluator, type EvaluatorOptions } from '../../src/datalog/index.ts'
import { DiagnosticError } from '../../src/diagnostic/index.ts'
import { checkPolicies, type Program, parsePolicy } from '../../src/language/index.ts'
import type { Row, TableData } from '../../src/tables/index.ts'

const apart = `error(h, a, b) :- on(a, h), on(b, h), same(a, b)
load(h, n) :- on(_, h), n = count : { on(v, h) }
reach(a, b) :- same(a, b)
reach(a, c) :- reach(a, b), same(b, c)
`

function tableOf(table: string, rows: readonly Row[], arity = 2): TableData {
  const columns = Array.from({ length: arity }, (_, i) => ({ name: `c${i}` }))
  return { schema: { table, columns }, rows, provenance: { source: 'test', readAt: '2026-01-01T00:00:00Z' } }
}

const cloud = [
  tableOf('on', [
    ['a', 'h1'],
    ['b', 'h1'],
    ['c', 'h2'],
  ]),
  tableOf('same', [
    ['a', 'b'],
    ['b', 'c'],
  ]),
]

function programOf(text: string, tables: readonly TableData[] = cloud): { program: Program; errors: string[] } {
  const { program, diagnostics } = checkPolicies([parsePolicy(text, 'm.dl').policy], {
    schemas: tables.map(t => t.schema),
  })
  return { program, errors: diagnostics.filter(d => d.severity === 'error').map(d => d.code) }
}

function running(text = apart, tables: readonly TableData[] = cloud, options: EvaluatorOptions = {}) {
  const { program, errors } = programOf(text, tables)
  expect(errors).toEqual([])
  const evaluator = createEvaluator(program, options)
  evaluator.load(tables)
  return { evaluator, program, state: () => stateOf(evaluator, program) }
}

function stateOf(evaluator: Evaluator, program: Program) {
  return Object.fromEntries([...program.tables.keys()].map(t => [t, evaluator.view.rows(t)]))
}

/** The one diagnostic that a call throws. */
function refusal(call: () => unknown) {
  try {
    call()
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    expect(error.diagnostics).toHaveLength(1)
    return error.diagnostics[0]!
  }
  throw new Error('nothing was refused')
}

describe('faults leave the state as it was', () => {
  it('a delta for a table that nobody knows', () => {
    const { evaluator, state } = running()
    const before = state()
    const good = { table: 'on', inserted: [['d', 'h1']], removed: [] }
    const bad = { table: 'onn', inserted: [['d', 'h1']], removed: [] }
    expect(refusal(() => evaluator.apply([good, bad]))).toMatchObject({
      code: 'datalog/unknown-table',
      help: 'did you mean `on`?',
    })
    expect(refusal(() => evaluator.whatIf([good, bad], () => 0)).code).toBe('datalog/unknown-table')
    expect(state()).toEqual(before)
  })

  it('a delta with a wrong number of columns, or a value that is none', () => {
    const { evaluator, state } = running()
    const before = state()
    for (const row of [['d'], ['d', 'h1', 'x'], []])
      for (const part of ['inserted', 'removed'] as const) {
        const delta = {
          table: 'on',
          inserted: [['e', 'h1']] as Row[],
          removed: [] as Row[],
          [part]: [['e', 'h1'], row],
        }
        expect(refusal(() => evaluator.apply([delta])).code).toBe('datalog/wrong-arity')
      }
    const infinite = { table: 'on', inserted: [['e', Number.POSITIVE_INFINITY]], removed: [] }
    expect(refusal(() => evaluator.apply([infinite])).code).toBe('datalog/bad-value')
    expect(state()).toEqual(before)
  })

  it('deleting what is not there', () => {
    const { evaluator, state } = running()
    const before = state()
    const gone = {
      table: 'on',
      inserted: [],
      removed: [
        ['a', 'h2'],
        ['never', 'seen'],
        ['a', 'h2'],
      ],
    }
    expect([...evaluator.apply([gone])]).toEqual([])
    // A derived tuple is no row of the data: taking it out takes out nothing.
    expect([...evaluator.apply([{ table: 'm:error', inserted: [], removed: [['h1', 'a', 'b']] }])]).toEqual([])
    expect(state()).toEqual(before)
  })

  it('inserting twice, then deleting once', () => {
    const { evaluator, state } = running()
    const before = state()
    const row = {
      table: 'on',
      inserted: [
        ['c', 'h1'],
        ['c', 'h1'],
      ],
      removed: [],
    }
    evaluator.apply([row, row])
    const once = state()
    expect([...evaluator.apply([row])]).toEqual([])
    expect(state()).toEqual(once)
    evaluator.apply([{ table: 'on', inserted: [], removed: [['c', 'h1']] }])
    expect(state()).toEqual(before)
  })

  it('a product of a billion tuples meets its limits, on load, on a change and in a query; others go on', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => [i])
    const tables = [tableOf('n', rows, 1), tableOf('on', [['a', 'h']])]
    const text = `product(x, y, z) :- switch(_), n(x), n(y), n(z)
fine(v) :- on(v, _)`
    const known = [...tables, tableOf('switch', [], 1)]
    const limits = { derivedTuples: 50_000, milliseconds: 60_000 }
    const { evaluator, state } = running(text, known, { limits })
    const before = state()
    const change = { table: 'switch', inserted: [[1]], removed: [] }
    const stopped = refusal(() => evaluator.apply([change]))
    expect(stopped).toMatchObject({ code: 'datalog/limit', span: { file: 'm.dl', line: 1 } })
    expect(stopped.message).toContain('product(x, y, z)')
    expect(refusal(() => evaluator.load([tableOf('switch', [[1]], 1)])).code).toBe('datalog/limit')
    expect(refusal(() => evaluator.whatIf([change], () => 0)).code).toBe('datalog/limit')
    expect(state()).toEqual(before)
    evaluator.apply([{ table: 'on', inserted: [['b', 'h']], removed: [] }])
    expect(evaluator.view.rows('m:fine')).toEqual([['a'], ['b']])
    const quick = running(text, known, { limits: { milliseconds: 50 } })
    expect(refusal(() => quick.evaluator.query('n(x), n(y), n(z), x + y + z < 0')).code).toBe('datalog/limit')
    expect(refusal(() => quick.evaluator.apply([change])).code).toBe('datalog/limit')
    expect(quick.evaluator.view.rows('m:product')).toEqual([])
  })

  it('strings of a megabyte, in rows, in rules and in messages', () => {
    const long = 'x'.repeat(1_000_000)
    const { evaluator, state } = running(`${apart}same_name(a) :- on(a, "${long}")`)
    const before = state()
    evaluator.apply([
      {
        table: 'on',
        inserted: [
          [long, long],
          ['d', long],
        ],
        removed: [],
      },
    ])
    expect(evaluator.view.count('m:same_name')).toBe(2)
    expect(evaluator.query('on("d", h)').rows).toEqual([[long]])
    expect(evaluator.explain({ table: 'm:same_name', row: ['d'] })?.kind).toBe('rule')
    expect(evaluator.explainAbsent({ table: 'm:same_name', row: ['a'] }).attempts).toHaveLength(1)
    evaluator.apply([
      {
        table: 'on',
        inserted: [],
        removed: [
          [long, long],
          ['d', long],
        ],
      },
    ])
    expect(state()).toEqual(before)
  })

  it('ten thousand rules, in a chain and side by side', () => {
    const chain = Array.from({ length: 5000 }, (_, i) => `c${i + 1}(x) :- c${i}(x)`)
    const wide = Array.from({ length: 5000 }, (_, i) => `wide(x, ${i}) :- on(x, "h${i}")`)
    const { evaluator } = running(['c0(x) :- on(x, "h1")', ...chain, ...wide].join('\n'))
    expect(evaluator.view.rows('m:c5000')).toEqual([['a'], ['b']])
    evaluator.apply([{ table: 'on', inserted: [['z', 'h1']], removed: [['a', 'h1']] }])
    expect(evaluator.view.rows('m:c5000')).toEqual([['b'], ['z']])
    expect(evaluator.view.rows('m:wide')).toEqual([
      ['b', 1],
      ['c', 2],
      ['z', 1],
    ])
    let depth = 0
    for (let why = evaluator.explain({ table: 'm:c5000', row: ['b'] }); why?.kind === 'rule'; [why] = why.because)
      depth++
    expect(depth).toBe(5001)
  })

  it('a rule added at run time that breaks stratification, reads with other columns, or is too much', () => {
    const { evaluator, program, state } = running(apart, cloud, { limits: { derivedTuples: 1000 } })
    const before = state()
    const circular = `${apart}quiet(h) :- load(h, _), not loud(h)\n`
    // The checker refuses such a program and leaves the rule out; one made by hand is refused by the evaluator itself.
    expect(programOf(`${circular}loud(h) :- load(h, _), not quiet(h)`).errors).toContain('language/unstratified')
    const sound = programOf(`${circular}loud(h) :- load(h, _)`).program
    const reads = sound.rules.find(r => r.head.table === 'm:quiet')!
    const loud = { ...reads, head: { ...reads.head, table: 'm:loud' }, body: reads.body.map(turned) }
    const broken = { ...sound, rules: [...sound.rules.filter(r => r.head.table !== 'm:loud'), loud] }
    expect(refusal(() => evaluator.changeRules(broken)).code).toBe('datalog/unstratified')
    const wrong = programOf('p(x) :- on(x)', []).program
    expect(refusal(() => evaluator.changeRules(wrong))).toMatchObject({
      code: 'datalog/wrong-arity',
      span: { line: 1 },
    })
    const big = `n(x) :- on(x, _)\nn(x) :- on(_, x)\nbig(a, b, c, d, e) :- n(a), n(b), n(c), n(d), n(e)\n`
    expect(refusal(() => evaluator.changeRules(programOf(apart + big).program)).code).toBe('datalog/limit')
    expect(state()).toEqual(before)
    // And it goes on as if nothing had been asked.
    evaluator.apply([{ table: 'same', inserted: [['c', 'd']], removed: [] }])
    expect(evaluator.view.has('m:reach', ['a', 'd'])).toBe(true)
    expect(evaluator.changeRules(program).size).toBe(0)
  })
})

function turned<T extends { kind: string; table?: string }>(literal: T): T {
  return literal.kind === 'atom' && literal.table === 'm:loud' ? { ...literal, table: 'm:quiet' } : literal
}
