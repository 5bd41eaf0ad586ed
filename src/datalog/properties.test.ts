import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPolicies, type Program, parsePolicy } from '../language/index.ts'
import type { Delta, TableData } from '../tables/index.ts'
import { createEvaluator, type Derivation, type Evaluator } from './index.ts'
import { evaluateNaively } from './testing/naive.ts'
import { afterDeltas, randomProgram, randomTables, randomTransactions } from './testing/random-program.ts'
import { replay } from './testing/replay.ts'

const runs = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150) }

function compile(text: string, schemas: Parameters<typeof checkPolicies>[1]['schemas']): Program {
  const { policy, diagnostics } = parsePolicy(text, 'random.dl')
  const checked = checkPolicies([policy], { schemas })
  const errors = [...diagnostics, ...checked.diagnostics].filter(d => d.severity === 'error')
  expect(errors.map(e => `${e.message}: ${JSON.stringify(e.span)}`)).toEqual([])
  return checked.program
}

function evaluator(program: Program): Evaluator {
  return createEvaluator(program, { watch: [...program.tables.keys()], clock: () => new Date(0) })
}

function contents(e: Evaluator, program: Program) {
  return Object.fromEntries([...program.tables.keys()].sort().map(t => [t, e.view.rows(t)]))
}

function expected(program: Program, tables: readonly TableData[]) {
  const all = evaluateNaively(program, tables)
  return Object.fromEntries([...program.tables.keys()].sort().map(t => [t, all.get(t) ?? []]))
}

describe('evaluator against the reference', () => {
  it('a load gives what the rules mean', () => {
    fc.assert(
      fc.property(randomProgram(), randomTables(), ({ text, schemas }, tables) => {
        const program = compile(text, schemas)
        const e = evaluator(program)
        e.load(tables)
        expect(contents(e, program)).toEqual(expected(program, tables))
      }),
      runs,
    )
  })

  it('transactions give what a load from scratch gives, and say what changed', () => {
    fc.assert(
      fc.property(randomProgram(), randomTables(), randomTransactions(), ({ text, schemas }, tables, transactions) => {
        const program = compile(text, schemas)
        const e = evaluator(program)
        e.load(tables)
        let now = tables
        for (const deltas of transactions) {
          const before = contents(e, program)
          const changes = e.apply(deltas)
          now = afterDeltas(now, deltas)
          expect(contents(e, program)).toEqual(expected(program, now))
          for (const [table, rows] of Object.entries(before)) {
            const set = new Map(rows.map(r => [JSON.stringify(r), r]))
            const change = changes.get(table) ?? { inserted: [], removed: [] }
            for (const r of change.removed) expect(set.delete(JSON.stringify(r))).toBe(true)
            for (const r of change.inserted) {
              expect(set.has(JSON.stringify(r))).toBe(false)
              set.set(JSON.stringify(r), r)
            }
            expect(new Set(set.keys())).toEqual(new Set(e.view.rows(table).map(r => JSON.stringify(r))))
          }
        }
      }),
      runs,
    )
  })

  it('whatIf shows the state after the deltas, nested too, and leaves no trace', () => {
    fc.assert(
      fc.property(randomProgram(), randomTables(), randomTransactions(), ({ text, schemas }, tables, transactions) => {
        const program = compile(text, schemas)
        const e = evaluator(program)
        e.load(tables)
        const warnings = e.warnings
        const suppose = (rest: readonly Delta[][], now: readonly TableData[]): void => {
          const before = contents(e, program)
          expect(before).toEqual(expected(program, now))
          const [deltas, ...more] = rest
          if (!deltas) return
          const after = afterDeltas(now, deltas)
          e.whatIf(deltas, () => suppose(more, after))
          expect(contents(e, program)).toEqual(before)
        }
        suppose(transactions, tables)
        expect(e.warnings).toEqual(warnings)
        e.apply(transactions.flat())
        expect(contents(e, program)).toEqual(expected(program, afterDeltas(tables, transactions.flat())))
      }),
      runs,
    )
  })

  it('queries and explanations inside whatIf see what its view shows', () => {
    fc.assert(
      fc.property(randomProgram(), randomTables(), randomTransactions(), ({ text, schemas }, tables, transactions) => {
        const program = compile(text, schemas)
        const e = evaluator(program)
        e.load(tables)
        e.whatIf(transactions[0]!, view => {
          for (const { name, arity, display } of program.tables.values()) {
            if (arity === 0) continue
            const rows = view.rows(name)
            for (const first of new Set(rows.map(r => r[0]!).slice(0, 4))) {
              const rest = Array.from({ length: arity - 1 }, (_, i) => `x${i}`)
              const found = e.query(`${display}(${[JSON.stringify(first), ...rest].join(', ')})`, 'random')
              expect(found.rows).toEqual(arity === 1 ? [[]] : rows.filter(r => r[0] === first).map(r => r.slice(1)))
            }
            for (const row of rows.slice(0, 3))
              expect(replay(e.explain({ table: name, row }) as Derivation, { table: name, row }, view)).toEqual([])
          }
        })
      }),
      runs,
    )
  })

  it('explains every tuple by rule instances that hold, and no other tuple', () => {
    fc.assert(
      fc.property(randomProgram(), randomTables(), randomTransactions(), ({ text, schemas }, tables, transactions) => {
        const program = compile(text, schemas)
        const e = evaluator(program)
        e.load(tables)
        e.apply(transactions[0]!)
        for (const table of program.tables.keys()) {
          for (const row of e.view.rows(table).slice(0, 6)) {
            const why = e.explain({ table, row })
            expect(why).toBeDefined()
            expect(replay(why as Derivation, { table, row }, e.view)).toEqual([])
            expect(e.explainAbsent({ table, row }).attempts).toEqual([])
          }
          const absent = { table, row: Array.from({ length: program.tables.get(table)!.arity }, () => 'nowhere') }
          expect(e.explain(absent)).toBeUndefined()
          const rules = program.rules.filter(r => r.head.table === table)
          expect(e.explainAbsent(absent).attempts.map(a => a.rule.id)).toEqual(rules.map(r => r.id))
        }
      }),
      runs,
    )
  })
})
