import { fail } from '../diagnostic/index.ts'
import type { Program } from '../language/index.ts'
import { type Delta, type Provenance, Relation, type Row, type TableData } from '../tables/index.ts'
import { Database } from './database.ts'
import { evaluateComponent } from './evaluate.ts'
import { explainTuple } from './explain.ts'
import { explainAbsence } from './explain-absent.ts'
import { Guard } from './limits.ts'
import { answerQuery } from './query.ts'
import { checkRow, checkTable, failUnknownTable, findRow, internRow, rowAt, sortedRows } from './rows.ts'
import { type Component, componentsOf } from './rules.ts'
import type { SolveContext } from './solve.ts'
import { checkStratified } from './stratification.ts'
import type { Absence, Changes, Derivation, Evaluator, EvaluatorOptions, QueryAnswer, Tuple, View } from './types.ts'
import { Warnings } from './warnings.ts'

/** An evaluator over a checked program; its tables are empty until `load`. */
export function createEvaluator(program: Program, options: EvaluatorOptions = {}): Evaluator {
  return new ProgramEvaluator(program, options)
}

/** Relations that an update replaced or changed, for going back. */
interface Undo {
  /** Derived tables' relations before. */
  readonly replaced: Map<string, Relation | undefined>
  /** Rows that went in and out of given tables, to be undone last first. */
  readonly rows: { relation: Relation; row: number[]; inserted: boolean }[]
  readonly warnings: ReturnType<Warnings['save']>
}

class ProgramEvaluator implements Evaluator {
  readonly #program: Program
  readonly #options: EvaluatorOptions
  readonly #components: readonly Component[]
  readonly #db = new Database()
  /** Rows that data gave to tables which rules derive too. */
  readonly #given = new Map<string, Relation>()
  readonly #derived = new Set<string>()
  readonly #arities = new Map<string, number>()
  readonly #provenance = new Map<string, Provenance>()
  readonly #watched: ReadonlySet<string>
  readonly #warnings = new Warnings()
  #evaluated = false
  /** Depth of `whatIf` calls. */
  #supposing = 0
  readonly view: View

  constructor(program: Program, options: EvaluatorOptions) {
    this.#program = program
    this.#options = options
    this.#components = componentsOf(program)
    checkStratified(this.#components)
    for (const [name, info] of program.tables) this.#arities.set(name, info.arity)
    for (const rule of program.rules) {
      this.#derived.add(rule.head.table)
      this.#arities.set(rule.head.table, rule.head.args.length)
    }
    const roles = [...program.tables.values()].filter(t => t.role !== undefined).map(t => t.name)
    this.#watched = new Set(options.watch ?? roles)
    this.view = {
      rows: table => {
        this.#ready()
        const relation = this.#db.get(table)
        return relation ? sortedRows(this.#db.interner, relation) : []
      },
      has: (table, row) => this.#has({ table, row }),
      count: table => {
        this.#ready()
        return this.#db.size(table)
      },
    }
  }

  get warnings() {
    return this.#warnings.diagnostics
  }

  load(tables: Iterable<TableData>): void {
    this.#notSupposing('load')
    const loaded = [...tables]
    for (const data of loaded) this.#checkLoad(data)
    const undo = this.#undo()
    const arities = new Map(this.#arities)
    const given = new Map(this.#given)
    try {
      this.#warnings.clear()
      for (const data of loaded) {
        const { table, columns } = data.schema
        const relation = new Relation(columns.length)
        for (const row of data.rows) relation.add(row.map(v => this.#db.interner.intern(v)))
        this.#arities.set(table, columns.length)
        if (this.#derived.has(table)) this.#given.set(table, relation)
        else this.#replace(table, relation, undo)
      }
      this.#evaluate(new Set(loaded.map(d => d.schema.table)), undo, !this.#evaluated)
      this.#evaluated = true
    } catch (error) {
      this.#rollback(undo)
      this.#arities.clear()
      for (const [t, n] of arities) this.#arities.set(t, n)
      this.#given.clear()
      for (const [t, r] of given) this.#given.set(t, r)
      throw error
    }
    for (const data of loaded) this.#provenance.set(data.schema.table, data.provenance)
  }

  apply(deltas: readonly Delta[]): Changes {
    this.#notSupposing('apply')
    return this.#update(deltas).changes
  }

  whatIf<T>(deltas: readonly Delta[], read: (view: View, changes: Changes) => T): T {
    const { changes, undo } = this.#update(deltas)
    this.#supposing++
    try {
      return read(this.view, changes)
    } finally {
      this.#supposing--
      this.#rollback(undo)
    }
  }

  query(text: string, policy?: string): QueryAnswer {
    this.#ready()
    return answerQuery(text, policy, this.#program, this.#db, this.#asking(new Guard(this.#options.limits ?? {})))
  }

  explain(tuple: Tuple): Derivation | undefined {
    if (!this.#has(tuple)) return undefined
    return explainTuple(tuple, this.#explaining())
  }

  explainAbsent(tuple: Tuple): Absence {
    this.#ready()
    const arity = this.#arities.get(tuple.table)
    if (arity === undefined) failUnknownTable(tuple.table, this.#arities.keys())
    checkRow(tuple.table, tuple.row, arity)
    return this.#has(tuple) ? { tuple, attempts: [] } : explainAbsence(tuple, this.#explaining())
  }

  #explaining() {
    return {
      program: this.#program,
      db: this.#db,
      context: this.#asking(new Guard({})),
      isGiven: (table: string, row: readonly number[]) => {
        if (!this.#derived.has(table)) return (this.#db.get(table)?.find(row) ?? -1) >= 0
        return (this.#given.get(table)?.find(row) ?? -1) >= 0
      },
      provenance: (table: string) => this.#provenance.get(table),
    }
  }

  /** Evaluate rules that need no data before anything was loaded. */
  #ready(): void {
    if (!this.#evaluated) this.load([])
  }

  #has(tuple: Tuple): boolean {
    this.#ready()
    const ids = findRow(this.#db.interner, tuple.row)
    const relation = this.#db.get(tuple.table)
    return ids !== undefined && relation !== undefined && ids.length === relation.arity && relation.find(ids) >= 0
  }

  #notSupposing(what: string): void {
    if (this.#supposing > 0) throw new Error(`${what} inside whatIf`)
  }

  #checkLoad(data: TableData): void {
    checkTable(data)
    const { table, columns } = data.schema
    const arity = this.#program.tables.get(table)?.arity
    if (arity !== undefined && arity !== columns.length && this.#program.tables.get(table)?.kind !== 'unknown') {
      fail(
        'datalog/wrong-arity',
        `table \`${table}\` came with ${columns.length} columns, but rules read it with ${arity}`,
        {
          help: 'check the schema of its data source',
        },
      )
    }
  }

  #context(guard: Guard): SolveContext {
    return { warnings: this.#warnings, tick: guard.tick, now: (this.#options.clock ?? (() => new Date()))() }
  }

  /** For questions: what they meet is not counted among the evaluation's warnings. */
  #asking(guard: Guard): SolveContext {
    return { ...this.#context(guard), warnings: new Warnings() }
  }

  #update(deltas: readonly Delta[]): { changes: Changes; undo: Undo } {
    this.#ready()
    const undo = this.#undo()
    try {
      const touched = new Map<string, { inserted: Map<string, number[]>; removed: Map<string, number[]> }>()
      for (const delta of deltas) this.#applyDelta(delta, undo, touched)
      this.#evaluate(new Set(touched.keys()), undo, false)
      return { changes: this.#changes(undo, touched), undo }
    } catch (error) {
      this.#rollback(undo)
      throw error
    }
  }

  /** One delta into the given rows; removals before insertions. */
  #applyDelta(
    delta: Delta,
    undo: Undo,
    touched: Map<string, { inserted: Map<string, number[]>; removed: Map<string, number[]> }>,
  ): void {
    const { table } = delta
    const arity = this.#arities.get(table)
    if (arity === undefined) failUnknownTable(table, this.#arities.keys())
    const removed = delta.removed.map(row => internRow(this.#db.interner, table, row, arity))
    const inserted = delta.inserted.map(row => internRow(this.#db.interner, table, row, arity))
    const home = this.#derived.has(table) ? this.#given : this.#db.relations
    let relation = home.get(table)
    if (!relation) {
      relation = new Relation(arity)
      home.set(table, relation)
    }
    let change = touched.get(table)
    const note = (row: number[], isIn: boolean) => {
      if (!change) {
        change = { inserted: new Map(), removed: new Map() }
        touched.set(table, change)
      }
      undo.rows.push({ relation: relation!, row, inserted: isIn })
      const key = row.join()
      const [to, from] = isIn ? [change.inserted, change.removed] : [change.removed, change.inserted]
      if (!from.delete(key)) to.set(key, row)
    }
    for (const row of removed) if (relation.remove(row)) note(row, false)
    for (const row of inserted) if (relation.add(row) >= 0) note(row, true)
  }

  /** Bring derived tables up to date after a change of some given tables. */
  #evaluate(changed: Set<string>, undo: Undo, all: boolean): void {
    const guard = new Guard(this.#options.limits ?? {})
    const context = this.#context(guard)
    for (const component of this.#components) {
      const affected =
        all || component.tables.some(t => changed.has(t)) || [...component.reads].some(t => changed.has(t))
      if (!affected) continue
      const fresh = new Map(component.tables.map(t => [t, new Relation(this.#arities.get(t)!)]))
      for (const [t, relation] of fresh) {
        const given = this.#given.get(t)
        given?.eachSlot(slot => relation.add(given.row(slot)))
        this.#replace(t, relation, undo)
      }
      evaluateComponent(component, this.#db, context, guard)
      for (const t of component.tables)
        if (!same(undo.replaced.get(t), fresh.get(t)!)) changed.add(t)
        else changed.delete(t)
    }
  }

  #replace(table: string, relation: Relation, undo: Undo): void {
    if (!undo.replaced.has(table)) undo.replaced.set(table, this.#db.relations.get(table))
    this.#db.relations.set(table, relation)
  }

  #undo(): Undo {
    return { replaced: new Map(), rows: [], warnings: this.#warnings.save() }
  }

  #rollback(undo: Undo): void {
    for (const [table, relation] of undo.replaced) {
      if (relation) this.#db.relations.set(table, relation)
      else this.#db.relations.delete(table)
    }
    for (const { relation, row, inserted } of undo.rows.reverse()) {
      if (inserted) relation.remove(row)
      else relation.add(row)
    }
    this.#warnings.restore(undo.warnings)
  }

  #changes(
    undo: Undo,
    touched: Map<string, { inserted: Map<string, number[]>; removed: Map<string, number[]> }>,
  ): Changes {
    const changes = new Map<string, { inserted: Row[]; removed: Row[] }>()
    const { interner } = this.#db
    for (const table of this.#watched) {
      const given = touched.get(table)
      let inserted: Row[] = []
      let removed: Row[] = []
      if (this.#derived.has(table)) {
        if (!undo.replaced.has(table)) continue
        const before = undo.replaced.get(table) ?? new Relation(this.#arities.get(table)!)
        const after = this.#db.relations.get(table)!
        after.eachSlot(slot => before.find(after.row(slot)) < 0 && inserted.push(rowAt(interner, after, slot)))
        before.eachSlot(slot => after.find(before.row(slot)) < 0 && removed.push(rowAt(interner, before, slot)))
      } else if (given) {
        inserted = [...given.inserted.values()].map(r => r.map(id => interner.value(id)))
        removed = [...given.removed.values()].map(r => r.map(id => interner.value(id)))
      }
      if (inserted.length + removed.length > 0) changes.set(table, { inserted, removed })
    }
    return changes
  }
}

function same(before: Relation | undefined, after: Relation): boolean {
  if ((before?.size ?? 0) !== after.size) return false
  if (!before) return true
  for (let slot = 0; slot < after.top; slot++) if (before.find(after.row(slot)) < 0) return false
  return true
}
