import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPolicies, type Program, parsePolicy } from '../language/index.ts'
import type { Delta, Row, TableData } from '../tables/index.ts'
import { createEvaluator, createIsolatedEvaluator, type EvaluationLimits } from './index.ts'
import { evaluateNaively } from './testing/naive.ts'
import {
  afterDeltas,
  randomProgram,
  randomSchemas,
  randomTables,
  randomTransactions,
} from './testing/random-program.ts'

const schemas = [
  { table: 'n', columns: [{ name: 'x' }] },
  { table: 'vm', columns: [{ name: 'id' }, { name: 'host' }] },
]

function tables(n: number, vms: readonly Row[]): TableData[] {
  const rows = { n: Array.from({ length: n }, (_, i): Row => [i]), vm: vms }
  return schemas.map(schema => ({
    schema,
    rows: rows[schema.table as 'n' | 'vm'],
    provenance: { source: 'test', readAt: '2026-01-01T00:00:00Z' },
  }))
}

function compile(...texts: string[]): Program {
  const { program, diagnostics } = checkPolicies(
    texts.map((text, i) => parsePolicy(text, `p${i}.dl`).policy),
    { schemas },
  )
  expect(diagnostics.filter(d => d.severity === 'error')).toEqual([])
  return program
}

/** Cubic in `n`. */
const greedy = 'policy greedy\np(x, y, z) :- n(x), n(y), n(z)\nsmall(x) :- n(x), x < 2\n'
const good = 'policy good\nerror(a, b) :- vm(a, h), vm(b, h), a < b\n'
const readers = `policy readers
likes(x) :- greedy:small(x)
likes(7)
missing(x) :- n(x), not greedy:small(x)
warning(x) :- likes(x), x < 100
counted(c) :- c = count : { likes(x) }
`

/** Cubic in a table of its own. */
const bigFacts = Array.from({ length: 400 }, (_, i) => `big(${i})\n`).join('')

const together: Delta = { table: 'vm', inserted: [['b', 'h']], removed: [] }
const more = (from: number, to: number): Delta => ({
  table: 'n',
  inserted: Array.from({ length: to - from }, (_, i): Row => [from + i]),
  removed: [],
})

const eachLimit: readonly [string, EvaluationLimits][] = [
  ['derived more than 20000 tuples', { derivedTuples: 20_000 }],
  ['ran for more than 150 ms', { milliseconds: 150 }],
  ['holds more than 2 MB', { megabytes: 2 }],
]

describe('policies that are isolated', () => {
  for (const [what, limits] of eachLimit) {
    it(`go on when one of them ${what}, in a load`, () => {
      const e = createIsolatedEvaluator(compile(greedy, good), { limits, watch: ['good:error', 'greedy:p'] })
      e.load(tables(400, [['a', 'h']]))
      expect(e.stopped.map(s => s.policy)).toEqual(['greedy'])
      const { message, span, code } = e.stopped[0]!.diagnostic
      expect(code).toBe('datalog/policy-stopped')
      expect(message).toContain(`policy \`greedy\` is not evaluated: rule \`p(x, y, z) :- n(x), n(y), n(z)\``)
      expect(message).toContain(what)
      expect(span?.file).toBe('p0.dl')
      expect(e.view.count('greedy:p')).toBe(0)
      expect(e.view.count('greedy:small')).toBe(0)
      expect(e.apply([together])).toEqual(new Map([['good:error', { inserted: [['a', 'b']], removed: [] }]]))
      expect(e.query('error(a, b)', 'good').rows).toEqual([['a', 'b']])
    })

    it(`go on when one of them ${what}, in an update`, () => {
      const e = createIsolatedEvaluator(compile(greedy, good), { limits, watch: ['good:error', 'greedy:small'] })
      e.load(tables(3, [['a', 'h']]))
      expect(e.stopped).toEqual([])
      expect(e.view.count('greedy:p')).toBe(27)
      const changes = e.apply([more(3, 400), together])
      expect(e.stopped.map(s => s.policy)).toEqual(['greedy'])
      // Everything the policy had derived is gone, in the same call.
      expect(Object.fromEntries(changes)).toEqual({
        'good:error': { inserted: [['a', 'b']], removed: [] },
        'greedy:small': { inserted: [], removed: [[0], [1]] },
      })
      expect(e.view.count('n')).toBe(400)
      expect(e.apply([{ table: 'vm', inserted: [], removed: [['a', 'h']] }]).get('good:error')?.removed).toEqual([
        ['a', 'b'],
      ])
    })
  }

  it('refuse suppositions and questions that reach any limit, and go on as before', () => {
    for (const [what, limits] of eachLimit) {
      const program = compile(greedy, good)
      const e = createIsolatedEvaluator(program, { limits })
      e.load(tables(3, [['a', 'h']]))
      const state = () => [...program.tables.keys()].map(t => e.view.rows(t))
      const before = state()
      const much = more(3, 400)
      const rule = new RegExp(`rule \`p\\(x, y, z\\) :- .* was stopped: its policy \`greedy\` ${what}`)
      expect(() => e.whatIf([much], () => 0), what).toThrow(rule)
      expect(() => e.whatIf([together], () => e.whatIf([much], () => 0)), what).toThrow(rule)
      const fuller = compile(greedy, `${good}q(x, y, z) :- big(x), big(y), big(z)\n${bigFacts}`)
      expect(() => e.whatIfRules(fuller, () => 0), what).toThrow(/rule `q\(x, y, z\)/)
      expect(state()).toEqual(before)
      // Data of any size may come; what is asked of it has its own limits.
      e.changeRules(compile(good))
      e.apply([much])
      const question = 'n(x), n(y), n(z)'
      expect(() => e.query(question, 'good'), what).toThrow(new RegExp(`a query was stopped: it ${what}`))
      expect(() => e.whatIf([together], () => e.query(question, 'good')), what).toThrow(/a query was stopped/)
      expect(e.view.has('vm', ['b', 'h'])).toBe(false)
      e.apply([together])
      expect(e.view.has('good:error', ['a', 'b'])).toBe(true)
      expect(e.stopped).toEqual([])
    }
  })

  it('derive nothing from a stopped policy that would not hold', () => {
    const limits = { derivedTuples: 5000 }
    const e = createIsolatedEvaluator(compile(greedy, good, readers), { limits })
    e.load(tables(100, []))
    expect(e.stopped.map(s => s.policy)).toEqual(['greedy'])
    const all = createEvaluator(compile(greedy, good, readers))
    all.load(tables(100, []))
    for (const t of ['readers:likes', 'readers:missing', 'readers:warning', 'readers:counted'])
      for (const row of e.view.rows(t)) expect(all.view.has(t, row), t).toBe(true)
    expect(e.view.rows('readers:warning')).toEqual([[7]])
    expect(e.view.count('readers:missing')).toBe(0)
    expect(e.view.count('readers:counted')).toBe(0)
    const notes = e.stopped[0]!.diagnostic.notes?.map(n => n.span?.line)
    expect(notes).toEqual([4, 6])
  })

  it('are each given the whole limit', () => {
    const texts = ['a', 'b', 'c'].map(p => `policy ${p}\np(x, y) :- n(x), n(y)\n`)
    const limits = { derivedTuples: 1000 }
    const e = createIsolatedEvaluator(compile(...texts), { limits })
    e.load(tables(30, []))
    expect(e.stopped).toEqual([])
    expect(() => createEvaluator(compile(...texts), { limits }).load(tables(30, []))).toThrow(/more than 1000 tuples/)
    e.apply([more(30, 50)])
    expect(e.stopped.map(s => s.policy).sort()).toEqual(['a', 'b', 'c'])
  })

  it('are tried again when their rules change, or when somebody asks for it', () => {
    const limits = { derivedTuples: 5000 }
    const e = createIsolatedEvaluator(compile(greedy, good), { limits, watch: ['greedy:small', 'good:error'] })
    e.load(tables(100, [['a', 'h']]))
    e.changeRules(compile(greedy, `${good}other(a) :- vm(a, _)\n`))
    expect(e.stopped.map(s => s.policy)).toEqual(['greedy'])
    expect(e.view.rows('good:other')).toEqual([['a']])
    e.resume('greedy')
    expect(e.stopped.map(s => s.policy)).toEqual(['greedy'])
    e.apply([{ table: 'n', inserted: [], removed: more(5, 100).inserted }])
    expect(e.resume('greedy').get('greedy:small')?.inserted).toEqual([[0], [1]])
    expect(e.stopped).toEqual([])
    e.apply([more(5, 100)])
    expect(e.stopped.map(s => s.policy)).toEqual(['greedy'])
    const changes = e.changeRules(compile('policy greedy\nsmall(x) :- n(x), x < 3\n', good))
    expect(changes.get('greedy:small')?.inserted).toEqual([[0], [1], [2]])
    expect(e.stopped).toEqual([])
  })

  it('refuse a supposition that reaches a limit, and all else that is wrong, as ever', () => {
    const e = createIsolatedEvaluator(compile(greedy, good), { limits: { derivedTuples: 5000 } })
    e.load(tables(3, []))
    expect(() => e.whatIf([more(3, 100)], () => 1)).toThrow(/rule `p\(x, y, z\)/)
    expect(() => e.apply([{ table: 'nowhere', inserted: [[1]], removed: [] }])).toThrow(/nowhere/)
    expect(e.stopped).toEqual([])
    expect(e.view.count('greedy:p')).toBe(27)
  })
})

/** A random program whose rules belong to one of three policies, each at random. */
const sharedOut = fc
  .tuple(randomProgram(), fc.array(fc.nat(2), { minLength: 40, maxLength: 40 }))
  .map(([{ text }, owners]): Program => {
    const { policy } = parsePolicy(text, 'random.dl')
    const { program, diagnostics } = checkPolicies([policy], { schemas: randomSchemas })
    fc.pre(diagnostics.every(d => d.severity !== 'error'))
    return { ...program, rules: program.rules.map((r, i) => ({ ...r, policy: `p${owners[i % owners.length]}` })) }
  })

/** Few columns and much negation: tables `t0` to `t6`, each in one of three policies, that ask for numbers in and not in those before. */
const dense = fc
  .array(fc.array(fc.tuple(fc.nat(2), fc.nat(30), fc.nat(6)), { minLength: 1, maxLength: 2 }), {
    minLength: 7,
    maxLength: 7,
  })
  .chain(rules => fc.tuple(fc.constant(rules), fc.array(fc.nat(2), { minLength: 7, maxLength: 7 })))
  .map(([rules, owner]) => {
    const texts = [0, 1, 2].map(p => `policy p${p}\nown(${p})\n`)
    rules.forEach((bodies, i) => {
      for (const [kind, below, other] of bodies) {
        const j = other % Math.max(1, i)
        const t = `p${owner[j]}:t${j}`
        const more = [`${t}(x)`, `not ${t}(x)`, `c = count : { ${t}(y) }, x > c`][kind]!
        texts[owner[i]!] += `t${i}(x) :- n(x), x < ${below}${i === 0 ? '' : `, ${more}`}\n`
      }
    })
    return compile(...texts)
  })

/** Tables of stopped policies, and all that depends on them. */
function concerned(program: Program, stopped: readonly string[]): Set<string> {
  const tables = new Set(program.rules.filter(r => stopped.includes(r.policy)).map(r => r.head.table))
  const reads = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    (('table' in value && tables.has(value.table as string)) || Object.values(value).some(reads))
  for (let size = -1; size !== tables.size; ) {
    size = tables.size
    for (const r of program.rules) if (reads(r.body)) tables.add(r.head.table)
  }
  return tables
}

describe.each([
  ['random rules', sharedOut, randomTables(), randomTransactions()],
  [
    'much negation',
    dense,
    fc.nat(30).map(n => tables(n, [])),
    fc.array(
      fc.nat(30).map(n => [more(n, n + 3)]),
      { maxLength: 3 },
    ),
  ],
] as const)('with %s', (_, programs, data, updates) => {
  it('all that isolated policies say does hold, and what no stopped policy concerns is complete', () => {
    let stops = 0
    fc.assert(
      fc.property(
        programs as fc.Arbitrary<Program>,
        data as fc.Arbitrary<TableData[]>,
        updates as fc.Arbitrary<Delta[][]>,
        fc.integer({ min: 1, max: 40 }),
        (program, tables, transactions, derivedTuples) => {
          const watch = [...program.tables.keys()]
          const e = createIsolatedEvaluator(program, { limits: { derivedTuples }, watch, clock: () => new Date(0) })
          const texts = (rows: readonly Row[]) => rows.map(r => JSON.stringify(r)).sort()
          let now = tables
          const check = () => {
            const names = e.stopped.map(s => s.policy)
            const out = concerned(program, names)
            const right = evaluateNaively(program, now)
            for (const t of watch) {
              const held = texts(e.view.rows(t))
              const wanted = texts(right.get(t) ?? [])
              if (out.has(t)) for (const row of held) expect(wanted).toContain(row)
              else expect(held, t).toEqual(wanted)
            }
            if (names.length > 0) stops++
          }
          e.load(tables)
          check()
          for (const deltas of transactions) {
            const before = new Map(watch.map(t => [t, texts(e.view.rows(t))]))
            const changes = e.apply(deltas)
            now = afterDeltas(now, deltas)
            check()
            for (const t of watch) {
              const { inserted = [], removed = [] } = changes.get(t) ?? {}
              const gone = new Set(texts(removed))
              expect([...before.get(t)!.filter(r => !gone.has(r)), ...texts(inserted)].sort(), t).toEqual(
                texts(e.view.rows(t)),
              )
            }
          }
        },
      ),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) },
    )
    expect(stops).toBeGreaterThan(0)
  })
})

describe('a limit on memory', () => {
  it('counts what many small transactions add up to', () => {
    const e = createEvaluator(compile('policy p\nq(x, y) :- n(x), n(y)\n'), { limits: { megabytes: 4 } })
    e.load(tables(10, []))
    expect(() => {
      for (let i = 10; i < 2000; i++) e.apply([more(i, i + 1)])
    }).toThrow(/holds more than 4 MB/)
    const n = e.view.count('n')
    expect(e.view.count('p:q')).toBe(n * n)
    expect(n * n).toBeGreaterThan(50_000)
    expect(n * n).toBeLessThan(250_000)
  })

  it('stops a recursion', () => {
    const text = 'policy p\nreach(x, y) :- vm(x, y)\nreach(x, z) :- reach(x, y), vm(y, z)\n'
    const chain = Array.from({ length: 2000 }, (_, i): Row => [i, i + 1])
    const e = createEvaluator(compile(text), { limits: { megabytes: 5 } })
    expect(() => e.load(tables(0, chain))).toThrow(/rule `reach.*holds more than 5 MB/)
  })
})
