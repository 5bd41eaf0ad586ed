import { fail } from '../diagnostic/index.ts'
import type { Program } from '../language/index.ts'
import {
  type Delta,
  fillRelation,
  Interner,
  NEW,
  OLD,
  type Provenance,
  type Row,
  type TableData,
} from '../tables/index.ts'
import { Engine } from './engine/engine.ts'
import type { Memento } from './engine/memento.ts'
import { explainTuple } from './explain.ts'
import { explainAbsence } from './explain-absent.ts'
import { Guard, type GuardOptions } from './limits.ts'
import { Profile } from './profile.ts'
import { answerQuery } from './query.ts'
import {
  checkRow,
  checkTable,
  encodedRows,
  failUnknownTable,
  findRow,
  matchingRows,
  rowAt,
  sortedRows,
} from './rows.ts'
import { componentsOf, tablesRead } from './rules.ts'
import type { SolveContext } from './solve.ts'
import { checkStratified } from './stratification.ts'
import type { Absence, Changes, Derivation, Evaluator, EvaluatorOptions, QueryAnswer, Tuple, View } from './types.ts'
import { type SavedWarnings, Warnings } from './warnings.ts'

/** An evaluator over a checked program; its tables are empty until `load`. */
export function createEvaluator(program: Program, options: EvaluatorOptions = {}): Evaluator {
  return new ProgramEvaluator(program, options, false)
}

/** The same, with limits that are those of each policy: see isolate.ts. */
export function createMeteredEvaluator(program: Program, options: EvaluatorOptions): Evaluator {
  return new ProgramEvaluator(program, options, true)
}

/** A `whatIf` that is being read. */
interface Supposition {
  readonly warnings: SavedWarnings
  /** Set when another one was begun inside: then this one was committed first. */
  memento: Memento | undefined
}

/** Everything that depends on the rules. */
interface RuleState {
  readonly program: Program
  readonly engine: Engine
  readonly arities: Map<string, number>
  readonly watched: readonly string[]
}

/** For suppositions whose engine has no transaction open. */
const NOTHING_TO_UNDO: Memento = { undo: () => {} }

class ProgramEvaluator implements Evaluator {
  #program: Program
  readonly #options: EvaluatorOptions
  readonly #warnings = new Warnings()
  #engine: Engine
  /** Columns of every table that the program or a load knows. */
  #arities: Map<string, number>
  readonly #profile: Profile | undefined
  readonly #limits: GuardOptions
  readonly #provenance = new Map<string, Provenance>()
  #watched: readonly string[]
  #evaluated = false
  /** The innermost `whatIf` that is being read. */
  #supposing: Supposition | undefined
  readonly view: View

  constructor(program: Program, options: EvaluatorOptions, each: boolean) {
    this.#program = program
    this.#options = options
    this.#profile = options.profile ? new Profile() : undefined
    this.#limits = { ...options.limits, each, ...(this.#profile && { profile: this.#profile }) }
    checkStratified(componentsOf(program))
    this.#arities = aritiesOf(program)
    this.#watched = watchedTables(program, options)
    this.#engine = this.#newEngine(new Interner())
    this.view = {
      rows: table => {
        const relation = this.#ready().get(table)
        return relation ? sortedRows(this.#interner, relation) : []
      },
      each: (table, visit) => {
        const relation = this.#ready().get(table)
        relation?.eachSlot(slot => visit(rowAt(this.#interner, relation, slot)))
      },
      matching: (table, columns, values) => {
        const relation = this.#ready().get(table)
        return relation ? matchingRows(this.#interner, relation, columns, values) : []
      },
      has: (table, row) => this.#has({ table, row }),
      count: table => this.#ready().size(table),
      encoded: table => {
        const relation = this.#ready().get(table)
        return relation && encodedRows(this.#interner, relation)
      },
    }
  }

  get profile() {
    return this.#profile?.rules ?? []
  }

  get warnings() {
    return this.#warnings.diagnostics
  }

  load(tables: Iterable<TableData>): void {
    if (this.#supposing) throw new Error('load inside whatIf')
    const loaded = [...tables]
    for (const data of loaded) this.#checkLoad(data)
    const warnings = this.#warnings.save()
    this.#warnings.clear()
    try {
      if (this.#evaluated) this.#replaceTables(loaded)
      else this.#firstLoad(loaded)
    } catch (error) {
      this.#warnings.restore(warnings)
      throw error
    }
    for (const { schema, provenance } of loaded) {
      this.#provenance.set(schema.table, provenance)
      this.#arities.set(schema.table, schema.columns.length)
    }
  }

  apply(deltas: readonly Delta[]): Changes {
    if (this.#supposing) throw new Error('apply inside whatIf')
    const warnings = this.#warnings.save()
    const changes = this.#update(deltas, warnings, true)
    this.#engine.commit()
    return changes
  }

  whatIf<T>(deltas: readonly Delta[], read: (view: View, changes: Changes) => T): T {
    const outer = this.#supposing
    if (outer && !outer.memento) outer.memento = this.#engine.commitRemembering()
    const frame: Supposition = { warnings: this.#warnings.save(), memento: undefined }
    const changes = this.#update(deltas, frame.warnings, false)
    this.#supposing = frame
    try {
      return read(this.view, changes)
    } finally {
      this.#supposing = outer
      if (frame.memento) (frame.memento as Memento).undo()
      else this.#engine.rollback()
      this.#warnings.restore(frame.warnings)
    }
  }

  changeRules(program: Program): Changes {
    if (this.#supposing) throw new Error('changeRules inside whatIf')
    const warnings = this.#warnings.save()
    const before = this.#underRules(program, warnings)
    return this.#changesSince(before)
  }

  whatIfRules<T>(program: Program, read: (view: View, changes: Changes) => T): T {
    const outer = this.#supposing
    if (outer && !outer.memento) outer.memento = this.#engine.commitRemembering()
    const warnings = this.#warnings.save()
    const before = this.#underRules(program, warnings)
    this.#supposing = { warnings, memento: NOTHING_TO_UNDO }
    try {
      return read(this.view, this.#changesSince(before))
    } finally {
      this.#supposing = outer
      this.#state = before
      this.#warnings.restore(warnings)
    }
  }

  prepare(): boolean {
    return this.#ready().prepare()
  }

  query(text: string, policy?: string): QueryAnswer {
    const engine = this.#ready()
    const guard = new Guard(this.#limits)
    return answerQuery(text, policy, this.#program, engine, this.#asking(guard), guard)
  }

  explain(tuple: Tuple): Derivation | undefined {
    if (!this.#has(tuple)) return undefined
    return explainTuple(tuple, this.#explaining())
  }

  explainAbsent(tuple: Tuple): Absence {
    const arity = this.#arities.get(tuple.table)
    if (arity === undefined) failUnknownTable(tuple.table, this.#arities.keys())
    checkRow(tuple.table, tuple.row, arity)
    return this.#has(tuple) ? { tuple, nearest: [], attempts: [] } : explainAbsence(tuple, this.#explaining())
  }

  #explaining() {
    return {
      program: this.#program,
      db: this.#engine,
      context: this.#asking(new Guard({})),
      isGiven: (table: string, row: readonly number[]) => (this.#engine.givenRelation(table)?.find(row) ?? -1) >= 0,
      provenance: (table: string) => this.#provenance.get(table),
    }
  }

  /** For questions: what they meet is not counted among the evaluation's warnings. */
  #asking(guard: Guard): SolveContext {
    return { warnings: new Warnings(), tick: guard.tick, now: this.#engine.now }
  }

  /** What a change of rules replaces. */
  get #state(): RuleState {
    return { program: this.#program, engine: this.#engine, arities: this.#arities, watched: this.#watched }
  }

  set #state({ program, engine, arities, watched }: RuleState) {
    this.#program = program
    this.#engine = engine
    this.#arities = arities
    this.#watched = watched
  }

  /**
   * Evaluate the present data under another program, which takes the place of the present one; that is given back. Only what the
   * change of rules may have changed is evaluated, at the clock's last reading.
   */
  #underRules(program: Program, warnings: SavedWarnings): RuleState {
    checkStratified(componentsOf(program))
    const data = this.#ready()
    const before = this.#state
    const arities = aritiesOf(program)
    for (const [table, arity] of this.#arities) {
      const given = data.givenRelation(table)
      if (!given || (given.size === 0 && !this.#provenance.has(table))) continue
      if ((arities.get(table) ?? arity) !== arity) failReadWrongly(program, table, arity)
      arities.set(table, arity)
    }
    try {
      const engine = new Engine(program, this.#interner, this.#warnings, arities, data)
      engine.evaluateAll(this.#limits, data.now)
      this.#state = { program, engine, arities, watched: watchedTables(program, this.#options) }
    } catch (error) {
      this.#warnings.restore(warnings)
      throw error
    }
    return before
  }

  /** What the watched tables gained and lost since other rules held. */
  #changesSince(before: RuleState): Changes {
    const changes = new Map<string, { inserted: Row[]; removed: Row[] }>()
    for (const table of new Set([...before.watched, ...this.#watched])) {
      const [old, now] = [before.engine.get(table), this.#engine.get(table)]
      if (old === now) continue
      const missingIn = (from: typeof old, other: typeof old): Row[] => {
        const rows: Row[] = []
        from?.eachSlot(slot => {
          const row = from.row(slot)
          if (other?.arity !== from.arity || other.find(row) < 0) rows.push(rowAt(this.#interner, from, slot))
        })
        return rows
      }
      const inserted = missingIn(now, old)
      const removed = missingIn(old, now)
      if (inserted.length + removed.length > 0) changes.set(table, { inserted, removed })
    }
    return changes
  }

  /** The engine, with rules that need no data evaluated where nothing was loaded yet. */
  #ready(): Engine {
    if (!this.#evaluated) this.load([])
    return this.#engine
  }

  #newEngine(interner: Interner): Engine {
    return new Engine(this.#program, interner, this.#warnings, this.#arities)
  }

  get #interner(): Interner {
    return this.#engine.interner
  }

  #now(): Date {
    return this.#options.clock?.() ?? new Date()
  }

  #has({ table, row }: Tuple): boolean {
    const relation = this.#ready().get(table)
    const ids = findRow(this.#interner, row)
    return ids !== undefined && relation !== undefined && ids.length === relation.arity && relation.find(ids) >= 0
  }

  #checkLoad(data: TableData): void {
    checkTable(data)
    const { table, columns } = data.schema
    const info = this.#program.tables.get(table)
    const arity = info?.kind === 'unknown' ? this.#engine.get(table)?.arity : this.#arities.get(table)
    if (arity === undefined || arity === columns.length) return
    fail('datalog/wrong-arity', `table \`${table}\` came with ${columns.length} columns, but has ${arity}`, {
      help: 'check the schema of its data source, and the rules that read the table',
    })
  }

  /** Into an engine of its own, which takes the place of the present one when all went well. */
  #firstLoad(loaded: readonly TableData[]): void {
    // The ids of a source are taken over as they are.
    const interner = loaded.find(data => data.encoded)?.encoded?.interner ?? this.#interner
    const engine = this.#newEngine(interner)
    for (const data of loaded) {
      const { schema, encoded } = data
      if (!engine.givenRelation(schema.table)) engine.declare(schema.table, schema.columns.length)
      const relation = engine.givenRelation(schema.table)!
      const { scratch, arity } = relation
      if (encoded?.interner === interner && relation.top === 0) {
        fillRelation(relation, encoded.columns, encoded.count, interner.size)
        continue
      }
      for (const row of data.rows) {
        for (let c = 0; c < arity; c++) scratch[c] = interner.intern(row[c]!)
        relation.add(scratch)
      }
    }
    engine.evaluateAll(this.#limits, this.#now())
    this.#engine = engine
    this.#evaluated = true
  }

  /** As a transaction of the differences. */
  #replaceTables(loaded: readonly TableData[]): void {
    const engine = this.#engine
    engine.begin(this.#limits)
    try {
      engine.setClock(this.#now())
      for (const { schema, rows } of loaded) {
        const { table, columns } = schema
        if (!engine.givenRelation(table)) engine.declare(table, columns.length)
        const relation = engine.givenRelation(table)!
        const wanted = new Set<number>()
        for (const row of rows) {
          const ids = row.map(v => this.#interner.intern(v))
          engine.insert(table, ids)
          wanted.add(relation.find(ids))
        }
        relation.eachSlot(slot => {
          if (!wanted.has(slot)) engine.delete(table, relation.row(slot))
        })
      }
      engine.propagate()
    } catch (error) {
      engine.rollback()
      throw error
    }
    engine.commit()
  }

  /** Carry deltas out in a transaction that stays open. */
  #update(deltas: readonly Delta[], warnings: SavedWarnings, withClock: boolean): Changes {
    const engine = this.#ready()
    for (const { table, inserted, removed } of deltas) {
      const arity = this.#arities.get(table)
      if (arity === undefined) failUnknownTable(table, this.#arities.keys())
      for (const row of removed) checkRow(table, row, arity)
      for (const row of inserted) checkRow(table, row, arity)
    }
    engine.begin(this.#limits)
    try {
      if (withClock) engine.setClock(this.#now())
      for (const { table, inserted, removed } of deltas) {
        for (const row of removed) {
          const ids = findRow(this.#interner, row)
          if (ids) engine.delete(table, ids)
        }
        for (const row of inserted) {
          const ids = row.map(v => this.#interner.intern(v))
          engine.insert(table, ids)
        }
      }
      engine.propagate()
      return this.#changes()
    } catch (error) {
      engine.rollback()
      this.#warnings.restore(warnings)
      throw error
    }
  }

  #changes(): Changes {
    const changes = new Map<string, { inserted: Row[]; removed: Row[] }>()
    for (const table of this.#watched) {
      const relation = this.#engine.get(table)
      if (!relation || relation.touchedCount === 0) continue
      const inserted: Row[] = []
      const removed: Row[] = []
      relation.eachChange(NEW, slot => inserted.push(rowAt(this.#interner, relation, slot)))
      relation.eachChange(OLD, slot => removed.push(rowAt(this.#interner, relation, slot)))
      if (inserted.length + removed.length > 0) changes.set(table, { inserted, removed })
    }
    return changes
  }
}

function aritiesOf(program: Program): Map<string, number> {
  const arities = new Map<string, number>()
  for (const [name, info] of program.tables) arities.set(name, info.arity)
  for (const rule of program.rules) arities.set(rule.head.table, rule.head.args.length)
  return arities
}

function watchedTables(program: Program, { watch }: EvaluatorOptions): readonly string[] {
  if (watch === undefined) return tablesWithRole(program)
  return typeof watch === 'function' ? watch(program) : watch
}

function tablesWithRole(program: Program): string[] {
  return [...program.tables.values()].filter(t => t.role !== undefined).map(t => t.name)
}

function failReadWrongly(program: Program, table: string, arity: number): never {
  const rule = program.rules.find(r => r.head.table === table || [...tablesRead(r.body)].some(l => l.table === table))
  fail('datalog/wrong-arity', `the new rules use \`${table}\` with another number of columns than its ${arity}`, {
    ...(rule && { span: rule.span }),
    help: 'name the columns you need, or give one argument for each',
  })
}
