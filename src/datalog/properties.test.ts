import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkPolicies, type Program, parsePolicy } from '../language/index.ts'
import type { Delta, Row, TableData } from '../tables/index.ts'
import { type Attempt, createEvaluator, type Derivation, type Evaluator } from './index.ts'
import { evaluateNaively, satisfiable } from './testing/naive.ts'
import { afterDeltas, randomProgram, randomTables, randomTransactions, randomValue } from './testing/random-program.ts'
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
        // Any part of the preparations may be done.
        for (let piece = tables[0]!.rows.length * 3; piece > 0 && e.prepare(); ) piece--
        expect(contents(e, program)).toEqual(expected(program, tables))
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
        }
      }),
      runs,
    )
  })

  it('says of absent tuples what really fails, behind what really holds', () => {
    const wanted = fc.array(randomValue(), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(randomProgram(), randomTables(), wanted, ({ text, schemas }, tables, values) => {
        const program = compile(text, schemas)
        const e = evaluator(program)
        e.load(tables)
        const all = evaluateNaively(program, tables)
        for (const { name: table, arity } of program.tables.values()) {
          const row = values.slice(0, arity)
          if (row.length < arity || e.view.has(table, row)) continue
          expect(e.explain({ table, row })).toBeUndefined()
          const { attempts, nearest } = e.explainAbsent({ table, row })
          for (const near of nearest) expect(e.view.has(near.table, near.row)).toBe(true)
          const rules = program.rules.filter(r => r.head.table === table)
          expect(attempts.map(a => a.rule.id)).toEqual(rules.map(r => r.id))
          for (const attempt of attempts) expect(falseClaims(attempt, row, all)).toEqual([])
        }
      }),
      runs,
    )
  })
})

/** What an attempt says that is not so. */
function falseClaims(
  { rule, values, held, failed }: Attempt,
  row: Row,
  tables: ReadonlyMap<string, readonly Row[]>,
): string[] {
  const head = rule.head.args.map(a => (a.kind === 'constant' ? a.value : values[a.index]))
  const [first] = failed
  if (first?.position === undefined) {
    const constants = rule.head.args.some((a, i) => a.kind === 'constant' && a.value !== row[i])
    const repeated = rule.head.args.some((a, i) =>
      rule.head.args.some(
        (b, j) => a.kind === 'variable' && b.kind === 'variable' && a.index === b.index && row[i] !== row[j],
      ),
    )
    return constants || repeated ? [] : ['the head could be the tuple']
  }
  const claims: string[] = []
  if (JSON.stringify(head) !== JSON.stringify(row)) claims.push('the head is another tuple')
  const env = new Map(values.flatMap((v, i) => (v === undefined ? [] : [[i, v] as const])))
  const heldLiterals = held.map(h => rule.body[h.position]!)
  if (!satisfiable(heldLiterals, env, tables)) claims.push('what held does not hold')
  for (const f of failed) {
    const literal = rule.body[f.position!]!
    if (satisfiable([literal], env, tables)) claims.push(`${f.text} holds`)
    if (heldLiterals.includes(literal)) claims.push(`${f.text} is said to hold and to fail`)
    const isNegated = literal.kind === 'atom' && literal.negated
    if (isNegated && f.nearest.length === 0) claims.push(`nothing stands in the way of ${f.text}`)
    for (const near of f.nearest)
      if (!tables.get(near.table)?.some(r => JSON.stringify(r) === JSON.stringify(near.row)))
        claims.push('a nearest row is not there')
  }
  return claims
}
