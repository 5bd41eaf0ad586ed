import type { AggregateLiteral, Program } from '../../language/index.ts'
import { type Interner, type NEW, OLD, Relation } from '../../tables/index.ts'
import type { Database } from '../database.ts'
import { Guard } from '../limits.ts'
import { Solver } from '../solve.ts'
import type { EvaluationLimits } from '../types.ts'
import type { Warnings } from '../warnings.ts'
import { type CompileContext, type Compiled, compileClause, type Variant } from './compile.ts'
import { Group } from './group.ts'
import { type Clause, type ClauseComponent, lower, NOW } from './lower.ts'
import { maintainRecursive, type RecursiveParts, SlotQueue } from './recursive.ts'
import { Runtime } from './runtime.ts'

/** A clause with the functions compiled for it so far. */
export interface RunningClause {
  readonly clause: Clause
  run(variant: Variant, list: Int32Array, from: number, to: number): boolean
}

interface RunningComponent {
  readonly index: number
  readonly component: ClauseComponent
  readonly clauses: readonly RunningClause[]
  readonly tables: readonly Relation[]
  readonly groups: readonly Group[]
  readonly recursive: RecursiveParts | undefined
}

/** Undoes a committed transaction: rows by their ids, since slots may have been given to others since. */
export interface Memento {
  undo(): void
}

const NO_SLOTS = new Int32Array(0)

/**
 * The state of a program and its maintenance. A transaction goes: changes of given rows (`insert`, `delete`), `propagate`, then
 * `commit` or `rollback`; between the last two everything that reads NEW bits sees the new state.
 *
 * Components are visited in the order of their dependencies, only those that read something that changed. A clause that is not recursive
 * turns changes of each literal into signed changes of derivation counts; recursive ones delete and rederive (recursive.ts).
 */
export class Engine implements Database {
  readonly interner: Interner
  readonly relations = new Map<string, Relation>()
  readonly #warnings: Warnings
  readonly #runtime: Runtime
  readonly #groups = new Map<string, Group>()
  readonly #groupOf = new Map<AggregateLiteral, Group>()
  readonly #components: RunningComponent[] = []
  readonly #given: ReadonlyMap<string, string>
  /** Components that read a table or group. */
  readonly #readers = new Map<string, number[]>()
  /** 1 for components that the transaction must visit. */
  readonly #due: Uint8Array
  /** Relations and groups that the transaction may have changed. */
  #changed = new Set<Relation>()
  #changedGroups = new Set<Group>()
  #guard = new Guard({})
  /** Plans are made again when tables have outgrown the sizes they were made for. */
  #plannedRows = 0

  constructor(program: Program, interner: Interner, warnings: Warnings, arities: ReadonlyMap<string, number>) {
    this.interner = interner
    this.#warnings = warnings
    this.#runtime = new Runtime(interner, warnings)
    const lowered = lower(program)
    this.#given = lowered.given
    const counted = new Set<string>()
    for (const c of lowered.components) {
      if (!c.recursive) for (const n of c.nodes) counted.add(n)
    }
    for (const [table, arity] of new Map([...lowered.arities, ...arities])) {
      if (!lowered.groups.has(table)) this.relations.set(table, new Relation(arity, { counted: counted.has(table) }))
    }
    for (const [name, literal] of lowered.groups) this.#groups.set(name, new Group(literal, interner, warnings))
    for (const [literal, name] of lowered.groupOf) this.#groupOf.set(literal, this.#groups.get(name)!)
    lowered.components.forEach((component, index) => {
      this.#components.push(this.#runningComponent(component, index))
      for (const node of component.reads) {
        const readers = this.#readers.get(node)
        if (readers) readers.push(index)
        else this.#readers.set(node, [index])
      }
    })
    this.#due = new Uint8Array(this.#components.length)
  }

  /** Where rows that data gives to a table are kept: derived tables have a table of their own for them. */
  givenRelation(table: string): Relation | undefined {
    return this.relations.get(this.#given.get(table) ?? table)
  }

  /** Make room for a table that no rule knows. */
  declare(table: string, arity: number): void {
    this.relations.set(table, new Relation(arity))
  }

  /** Evaluate everything over the given rows, which were stored outside of a transaction. Throws with the state half done. */
  evaluateAll(limits: EvaluationLimits, now: Date): void {
    this.begin(limits)
    this.setClock(now)
    this.commit()
    for (const { clauses, tables, groups, recursive } of this.#components) {
      if (recursive) maintainRecursive(recursive, 'all')
      else for (const c of clauses) c.run({ kind: 'full' }, NO_SLOTS, 0, 0)
      for (const g of groups) {
        g.settle()
        g.commit()
      }
      for (const t of tables) t.commit()
    }
  }

  begin(limits: EvaluationLimits): void {
    this.#guard = new Guard(limits)
    let rows = 0
    for (const r of this.relations.values()) rows += r.size
    if (rows > this.#plannedRows * 4 + 1000) {
      this.#plannedRows = rows
      for (const forget of this.#forgetPlans) forget()
    }
  }

  readonly #forgetPlans: (() => void)[] = []

  /** The clock's reading for this transaction: a changed row of the table behind `now(x)`. */
  setClock(now: Date): void {
    this.#runtime.now = now
    const relation = this.relations.get(NOW)
    if (!relation) return
    const text = this.#runtime.call(-1, 'now', [])![0]!
    const id = this.interner.intern(text)
    relation.eachSlot(slot => relation.columns[0]![slot] !== id && relation.deleteSlot(slot))
    relation.insert([id])
    if (relation.touchedCount > 0) this.#touch(NOW, relation)
  }

  /** Put a given row in; whether it was out. */
  insert(table: string, row: ArrayLike<number>): boolean {
    const name = this.#given.get(table) ?? table
    const relation = this.relations.get(name)!
    if (relation.insert(row) < 0) return false
    this.#touch(name, relation)
    return true
  }

  delete(table: string, row: ArrayLike<number>): boolean {
    const name = this.#given.get(table) ?? table
    const relation = this.relations.get(name)!
    if (relation.delete(row) < 0) return false
    this.#touch(name, relation)
    return true
  }

  #touch(node: string, relation: Relation): void {
    this.#changed.add(relation)
    this.#makeDue(node)
  }

  #makeDue(node: string): void {
    const readers = this.#readers.get(node)
    if (readers) for (const index of readers) this.#due[index] = 1
  }

  /** Bring derived tables up to date with the changes of given rows. On a throw the caller rolls back. */
  propagate(): void {
    for (const running of this.#components) {
      if (this.#due[running.index] === 0) continue
      this.#due[running.index] = 0
      const { tables, groups } = running
      for (const t of tables) this.#changed.add(t)
      for (const g of groups) this.#changedGroups.add(g)
      if (running.recursive) maintainRecursive(running.recursive, running.component.opaque ? 'again' : 'changes')
      else this.#followChanges(running)
      for (const g of groups) g.settle()
      running.component.nodes.forEach(node => {
        const relation = this.relations.get(node)
        if (relation ? relation.changed : this.#groups.get(node)!.touched.length > 0) this.#makeDue(node)
      })
    }
  }

  #followChanges(running: RunningComponent): void {
    for (const c of running.clauses) {
      c.clause.body.forEach((literal, at) => {
        if (literal.kind === 'atom') {
          const relation = this.relations.get(literal.table)!
          if (relation.touchedCount > 0) c.run({ kind: 'delta', at }, relation.touched, 0, relation.touchedCount)
        } else if (literal.kind === 'aggregate') {
          if (this.#groupOf.get(literal)!.touched.length > 0) c.run({ kind: 'delta', at }, NO_SLOTS, 0, 0)
        }
      })
    }
  }

  commit(): void {
    for (const r of this.#changed) r.commit()
    for (const g of this.#changedGroups) g.commit()
    this.#changed = new Set()
    this.#changedGroups = new Set()
  }

  rollback(): void {
    this.#due.fill(0)
    for (const r of this.#changed) r.rollback()
    for (const g of this.#changedGroups) g.rollback()
    this.#changed = new Set()
    this.#changedGroups = new Set()
  }

  /** Commit, remembering how to go back once everything committed after it was undone. */
  commitRemembering(): Memento {
    const relations = [...this.#changed].map(relation => ({ relation, rows: rememberRows(relation) }))
    const groups = [...this.#changedGroups].map(group => group.remember())
    this.commit()
    return {
      undo: () => {
        for (const { relation, rows } of relations) restoreRows(relation, rows)
        for (const g of groups) g()
      },
    }
  }

  /** Visit rows that the open transaction puts into a table (`NEW`) or takes out of it (`OLD`). */
  eachChange(table: string, which: typeof OLD | typeof NEW, visit: (slot: number) => void): void {
    this.relations.get(table)?.eachChange(which, visit)
  }

  /** Whether the open transaction may have changed a table. */
  mayHaveChanged(table: string): boolean {
    return (this.relations.get(table)?.touchedCount ?? 0) > 0
  }

  #runningComponent(component: ClauseComponent, index: number): RunningComponent {
    const tables = component.nodes.flatMap(n => this.relations.get(n) ?? [])
    const groups = component.nodes.flatMap(n => this.#groups.get(n) ?? [])
    const own = new Set(component.recursive ? component.nodes : [])
    const queues = new Map<string, SlotQueue>()
    for (const n of own) queues.set(n, new SlotQueue(this.relations.get(n)!, () => this.#guard))
    const context: CompileContext = {
      interner: this.interner,
      runtime: this.#runtime,
      guard: () => this.#guard,
      relation: table => this.relations.get(table)!,
      group: literal => this.#groupOf.get(literal),
      groupByName: name => this.#groups.get(name)!,
      size: table => this.size(table),
      inline: (clause, step, env) => this.#inline(clause, step, env),
      emit: (table, kind) => queues.get(table)!.sink(kind),
      isOwn: table => own.has(table),
    }
    const clauses = component.clauses.map(c => this.#runningClause(c, context))
    const recursive = component.recursive
      ? {
          clauses,
          queues,
          touched: (table: string) => {
            const relation = this.relations.get(table)!
            return { list: relation.touched, count: relation.touchedCount }
          },
          groupTouched: (literal: AggregateLiteral) => (this.#groupOf.get(literal)?.touched.length ?? 0) > 0,
        }
      : undefined
    return { index, component, clauses, tables, groups, recursive }
  }

  #runningClause(clause: Clause, context: CompileContext): RunningClause {
    const compiled = new Map<string, Compiled>()
    this.#forgetPlans.push(() => compiled.clear())
    return {
      clause,
      run: (variant, list, from, to) => {
        const key = 'at' in variant ? `${variant.kind} ${variant.at}` : variant.kind
        let f = compiled.get(key)
        if (!f) {
          f = compileClause(clause, variant, context)
          compiled.set(key, f)
        }
        this.#guard.rule = clause.origin
        return f(list, from, to)
      },
    }
  }

  #inline(clause: Clause, step: Parameters<CompileContext['inline']>[1], env: Int32Array): number {
    const context = { warnings: this.#warnings, tick: this.#guard.tick, now: this.now }
    const solver = new Solver(this, context)
    const { value } = solver.aggregate(step, env, clause.variables)
    return value === undefined ? Number.NaN : this.interner.intern(value)
  }

  get(table: string): Relation | undefined {
    return this.relations.get(table)
  }

  size(table: string): number {
    return this.relations.get(table)?.size ?? 0
  }

  /** The clock's reading that the present state was evaluated with. */
  get now(): Date {
    return this.#runtime.now
  }
}

interface RememberedRow {
  readonly row: readonly number[]
  readonly wasIn: boolean
  readonly count: number
}

function rememberRows(relation: Relation): RememberedRow[] {
  const rows: RememberedRow[] = []
  for (let i = 0; i < relation.touchedCount; i++) {
    const slot = relation.touched[i]!
    rows.push({
      row: relation.row(slot),
      wasIn: (relation.state[slot]! & OLD) !== 0,
      count: relation.countBefore(i),
    })
  }
  return rows
}

function restoreRows(relation: Relation, rows: readonly RememberedRow[]): void {
  const counted = relation.counts.length > 0
  for (const { row, wasIn, count } of rows) {
    if (!wasIn) relation.remove(row)
    else {
      relation.add(row)
      if (counted) relation.setCount(relation.locate(row), count)
    }
  }
}
