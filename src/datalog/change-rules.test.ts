import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPolicies, type Program, parsePolicy } from '../language/index.ts'
import type { TableData } from '../tables/index.ts'
import { createEvaluator, type Evaluator } from './index.ts'
import { evaluateNaively } from './testing/naive.ts'
import {
  afterDeltas,
  randomProgram,
  randomSchemas,
  randomTables,
  randomTransactions,
} from './testing/random-program.ts'

const runs = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 60) }

/** A policy made of parts: its lines without the policy's name. */
function compile(text: string): Program {
  const { policy } = parsePolicy(text, 'random.dl')
  const { program, diagnostics } = checkPolicies([policy], { schemas: randomSchemas })
  fc.pre(diagnostics.every(d => d.severity !== 'error'))
  return program
}

function contents(e: Evaluator, program: Program) {
  return Object.fromEntries([...program.tables.keys()].sort().map(t => [t, e.view.rows(t)]))
}

function expected(program: Program, tables: readonly TableData[]) {
  const all = evaluateNaively(program, tables)
  return Object.fromEntries([...program.tables.keys()].sort().map(t => [t, all.get(t) ?? []]))
}

/** Two policies that share a part of their rules. */
const twoTexts = fc
  .tuple(randomProgram(), randomProgram(), fc.array(fc.nat(9), { maxLength: 4 }), fc.boolean())
  .map(([a, b, dropped, other]) => {
    const lines = a.text.split('\n')
    const fewer = lines.filter((line, i) => line.startsWith('policy') || !dropped.includes(i)).join('\n')
    return [a.text, other ? b.text : fewer === lines.join('\n') ? b.text : fewer] as const
  })

describe('rules that change at run time', () => {
  it('keep aggregates apart that two policies state alike', () => {
    const policy = (name: string, more = '') =>
      parsePolicy(`policy ${name}\nmany(c) :- c = count : { n(x) }, c > 1\n${more}`, `${name}.dl`).policy
    const both = (more: string): Program =>
      checkPolicies([policy('a'), policy('b', more)], { schemas: randomSchemas }).program
    const e = createEvaluator(both(''), { clock: () => new Date(0) })
    const n: TableData = {
      schema: { table: 'n', columns: [{ name: 'x' }] },
      rows: [[1], [2]],
      provenance: { source: 'test', readAt: '2026-01-01T00:00:00Z' },
    }
    e.load([n])
    e.changeRules(both('few(x) :- n(x), x < 2'))
    e.apply([{ table: 'n', inserted: [[3]], removed: [] }])
    expect([e.view.rows('a:many'), e.view.rows('b:many')]).toEqual([[[3]], [[3]]])
  })

  it('the tables are those of the new rules, and follow changes of the data as before', () => {
    fc.assert(
      fc.property(twoTexts, randomTables(), randomTransactions(), ([textA, textB], tables, transactions) => {
        const [a, b] = [compile(textA), compile(textB)]
        const watch = [...new Set([...a.tables.keys(), ...b.tables.keys()])]
        const e = createEvaluator(a, { watch, clock: () => new Date(0) })
        e.load(tables)
        let now = tables
        for (const [i, deltas] of transactions.entries()) {
          const program = i % 2 === 0 ? b : a
          const before = new Map(watch.map(t => [t, e.view.rows(t)]))
          const changes = e.changeRules(program)
          expect(contents(e, program)).toEqual(expected(program, now))
          for (const table of watch) {
            const { inserted = [], removed = [] } = changes.get(table) ?? {}
            const texts = (rows: readonly unknown[]) => new Set(rows.map(r => JSON.stringify(r)))
            const after = texts(before.get(table)!)
            for (const row of removed) expect(after.delete(JSON.stringify(row))).toBe(true)
            for (const row of inserted) after.add(JSON.stringify(row))
            expect(after).toEqual(texts(e.view.rows(table)))
          }
          e.apply(deltas)
          now = afterDeltas(now, deltas)
          expect(contents(e, program)).toEqual(expected(program, now))
        }
      }),
      runs,
    )
  })

  it('supposed rules and supposed data, one inside the other, leave no trace', () => {
    fc.assert(
      fc.property(twoTexts, randomTables(), randomTransactions(), ([textA, textB], tables, [first, second]) => {
        const [a, b] = [compile(textA), compile(textB)]
        const e = createEvaluator(a, { clock: () => new Date(0) })
        e.load(tables)
        const warnings = e.warnings
        const after = afterDeltas(tables, first!)
        const later = afterDeltas(after, second ?? [])
        e.whatIf(first!, () => {
          e.whatIfRules(b, () => {
            expect(contents(e, b)).toEqual(expected(b, after))
            e.whatIf(second ?? [], () => {
              expect(contents(e, b)).toEqual(expected(b, later))
              e.whatIfRules(a, () => expect(contents(e, a)).toEqual(expected(a, later)))
            })
            expect(contents(e, b)).toEqual(expected(b, after))
          })
          expect(contents(e, a)).toEqual(expected(a, after))
        })
        expect(contents(e, a)).toEqual(expected(a, tables))
        expect(e.warnings).toEqual(warnings)
        e.apply(first!)
        expect(contents(e, a)).toEqual(expected(a, after))
      }),
      runs,
    )
  })

  it('evaluates only what depends on the change, whatever stands around it', () => {
    const common = `policy random
reach(x, y) :- two(x, y)
reach(x, z) :- reach(x, y), two(y, z)
most(n) :- n = max c : { reach(x, _), c = count : { reach(x, y) } }
apart(x) :- one(x), not reach(x, _)
`
    const a = compile(common)
    const b = compile(
      `${common}new(x) :- apart(x), most(n), n > 0`.replace('policy random', 'policy random\none_more(x) :- one(x)'),
    )
    const e = createEvaluator(a, { profile: true })
    const rows = Array.from({ length: 40 }, (_, i) => [i, i + 1])
    e.load([
      { schema: randomSchemas[1]!, rows, provenance: { source: 'test', readAt: '' } },
      { schema: randomSchemas[0]!, rows: [[1], [99]], provenance: { source: 'test', readAt: '' } },
    ])
    const ran = new Set(e.profile.map(p => p.rule))
    e.changeRules(b)
    const heads = e.profile.filter(p => !ran.has(p.rule)).map(p => p.rule.head.table)
    expect(heads.sort()).toEqual(['random:new', 'random:one_more'])
    expect(e.view.rows('random:new')).toEqual([[99]])
    e.apply([{ table: 'two', inserted: [[99, 0]], removed: [] }])
    expect(e.view.rows('random:new')).toEqual([])
    expect(e.view.rows('random:most')).toEqual([[41]])
  })
})
