import type { AggregateLiteral, Program } from '../../language/index.ts'
import { type Interner, Relation } from '../../tables/index.ts'
import type { Database } from '../database.ts'
import { Guard, type GuardOptions } from '../limits.ts'
import { type FilledTable, MemoryGauge } from '../memory-gauge.ts'
import { Solver } from '../solve.ts'
import type { Warnings } from '../warnings.ts'
import { placesOf, signaturesOf } from './adopt.ts'
import type { CompileContext } from './compile.ts'
import { Group } from './group.ts'
import { type Clause, type ClauseComponent, type LoweredProgram, lower, NOW, sinkNode } from './lower.ts'
import { type Memento, rememberRows, restoreRows } from './memento.ts'
import { maintainRecursive, type RecursiveParts } from './recursive.ts'
import { RunningClause, type Trigger } from './running-clause.ts'
import { Runtime } from './runtime.ts'
import { SlotQueue } from './slot-queue.ts'

interface RunningComponent {
  /** What it fills came over complete from another engine. */
  readonly adopted: boolean
  readonly opaque: boolean
  readonly clauses: readonly RunningClause[]
  readonly triggers: readonly Trigger[]
  readonly tables: readonly Relation[]
  readonly groups: readonly Group[]
  /** Components that read what this one fills. */
  readers: readonly number[]
  readonly recursive: RecursiveParts | undefined
}

const NO_SLOTS = new Int32Array(0)

/** Transactions between two looks at whether tables have outgrown the plans. */
const REPLAN_EVERY = 256

/**
 * The state of a program and its maintenance. A transaction goes: `begin`, changes of given rows (`insert`, `delete`), `propagate`, then
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
  readonly #lowered: LoweredProgram
  readonly #given: ReadonlyMap<string, string>
  /** Components that read a table or group. */
  readonly #readers = new Map<string, number[]>()
  /** 1 for components that the transaction must visit. */
  readonly #due: Uint8Array
  /** Relations and groups that the transaction may have touched. */
  readonly #changed: Relation[] = []
  readonly #changedGroups: Group[] = []
  #guard = new Guard({})
  readonly #gauge = new MemoryGauge(() => this.#filled())
  readonly #preparations = this.#prepareAll()
  /** Plans are made again when tables have outgrown the sizes they were made for. */
  #plannedRows = 0
  #transactions = 0

  /**
   * With `from`, an engine of the same interner without an open transaction: the given rows come over from it, and every table and group
   * that holds the same under both programs. The two share these relations, so only one of them may be changed at a time.
   */
  constructor(
    program: Program,
    interner: Interner,
    warnings: Warnings,
    arities: ReadonlyMap<string, number>,
    from?: Engine,
  ) {
    this.interner = interner
    this.#warnings = warnings
    this.#runtime = new Runtime(interner, warnings)
    const lowered = lower(program)
    this.#lowered = lowered
    this.#given = lowered.given
    const counted = new Set<string>()
    for (const c of lowered.components) {
      if (!c.recursive) for (const n of c.nodes) counted.add(n)
    }
    for (const [table, arity] of new Map([...lowered.arities, ...arities])) {
      this.relations.set(table, new Relation(arity, { counted: counted.has(table) }))
    }
    for (const [name, literals] of lowered.groups) this.#groups.set(name, new Group(literals, interner, warnings))
    const adopted = from ? this.#adopt(from) : new Set<string>()
    for (const [literal, name] of lowered.groupOf) this.#groupOf.set(literal, this.#groups.get(name)!)
    lowered.components.forEach((component, index) => {
      this.#components.push(
        this.#runningComponent(
          component,
          component.nodes.every(n => adopted.has(n)),
        ),
      )
      for (const node of component.reads) {
        const readers = this.#readers.get(node)
        if (readers) readers.push(index)
        else this.#readers.set(node, [index])
      }
    })
    lowered.components.forEach((component, index) => {
      this.#components[index]!.readers = component.nodes.flatMap(n => this.#readers.get(n) ?? [])
    })
    this.#due = new Uint8Array(this.#components.length)
  }

  get(table: string): Relation | undefined {
    return this.relations.get(table)
  }

  size(table: string): number {
    return this.relations.get(table)?.size ?? 0
  }

  rows(table: string, columns: readonly number[]): number {
    return this.relations.get(table)?.rowsFor(columns) ?? 0
  }

  /** The clock's reading that the present state was evaluated with. */
  get now(): Date {
    return this.#runtime.now
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
  evaluateAll(limits: GuardOptions, now: Date): void {
    this.begin(limits)
    this.setClock(now)
    this.commit()
    for (const { adopted, clauses, tables, groups, recursive } of this.#components) {
      if (adopted) continue
      for (const g of groups) g.remembering = false
      if (recursive) maintainRecursive(recursive, 'all')
      else for (const c of clauses) c.run('full', 0, NO_SLOTS, 0, 0)
      for (const g of groups) {
        g.settleAll()
        g.remembering = true
      }
      for (const t of tables) t.commit()
    }
    this.#guard.finish()
    this.#due.fill(0)
    this.#replan()
  }

  /** Make one more of the indexes and functions that changes of given rows will ask for; false when all are there. */
  prepare(): boolean {
    return this.#preparations.next().done !== true
  }

  *#prepareAll(): Generator<void> {
    for (const { triggers, recursive } of this.#components) {
      for (const { clause, at } of triggers) {
        clause.prepare(recursive ? ['remove', 'insert'] : ['delta'], at)
        yield
      }
    }
    for (const node of this.#readers.keys()) {
      this.relations.get(node)?.prepareChanges()
      yield
    }
  }

  begin(limits: GuardOptions): void {
    this.#guard = new Guard(limits, this.#gauge)
    if (++this.#transactions % REPLAN_EVERY === 0) this.#replan()
  }

  /** Derived tables, once for each policy that fills them. */
  *#filled(): Generator<FilledTable> {
    for (const { clauses } of this.#components) {
      for (const { clause } of clauses) {
        const relation = this.relations.get(sinkNode(clause.sink))
        if (relation) yield { policy: clause.origin.policy, relation }
      }
    }
  }

  #replan(): void {
    let rows = 0
    for (const r of this.relations.values()) rows += r.size
    if (rows <= this.#plannedRows * 4 + 1000) return
    this.#plannedRows = rows
    for (const component of this.#components) for (const c of component.clauses) c.forgetPlans()
  }

  /** The clock's reading for this transaction: a changed row of the table behind `now(x)`. */
  setClock(now: Date): void {
    this.#runtime.now = now
    const relation = this.relations.get(NOW)
    if (!relation) return
    const row = [this.interner.intern(this.#runtime.call(-1, 'now', [])![0]!)]
    if (relation.find(row) >= 0) return
    this.#touch(NOW, relation)
    relation.eachSlot(slot => relation.deleteSlot(slot))
    relation.insert(row)
  }

  /** Put a given row in. */
  insert(table: string, row: ArrayLike<number>): void {
    const name = this.#given.get(table) ?? table
    const relation = this.relations.get(name)!
    this.#touch(name, relation)
    relation.insert(row)
  }

  /** Take a given row out. */
  delete(table: string, row: ArrayLike<number>): void {
    const name = this.#given.get(table) ?? table
    const relation = this.relations.get(name)!
    this.#touch(name, relation)
    relation.delete(row)
  }

  /** A given table is about to change. */
  #touch(node: string, relation: Relation): void {
    if (relation.touchedCount > 0) return
    this.#changed.push(relation)
    const readers = this.#readers.get(node)
    if (readers) for (const index of readers) this.#due[index] = 1
  }

  /** Bring derived tables up to date with the changes of given rows. On a throw the caller rolls back. */
  propagate(): void {
    for (let i = 0; i < this.#due.length; i++) {
      if (this.#due[i] === 0) continue
      this.#due[i] = 0
      const { tables, groups, recursive, triggers, opaque, readers } = this.#components[i]!
      for (const t of tables) this.#changed.push(t)
      for (const g of groups) this.#changedGroups.push(g)
      if (recursive) maintainRecursive(recursive, opaque ? 'again' : 'changes')
      else for (const trigger of triggers) follow(trigger)
      let changed = false
      for (const g of groups) if (g.settle()) changed = true
      for (const t of tables) if (t.changed) changed = true
      if (changed) for (const reader of readers) this.#due[reader] = 1
    }
    this.#guard.finish()
  }

  commit(): void {
    for (const r of this.#changed) r.commit()
    for (const g of this.#changedGroups) g.commit()
    this.#changed.length = 0
    this.#changedGroups.length = 0
  }

  rollback(): void {
    this.#due.fill(0)
    for (const r of this.#changed) r.rollback()
    for (const g of this.#changedGroups) g.rollback()
    this.#changed.length = 0
    this.#changedGroups.length = 0
  }

  /** Commit, remembering how to go back once everything committed after it was undone. */
  commitRemembering(): Memento {
    const relations = [...new Set(this.#changed)].map(relation => ({ relation, rows: rememberRows(relation) }))
    const groups = this.#changedGroups.map(group => group.remember())
    this.commit()
    return {
      undo: () => {
        for (const { relation, rows } of relations) restoreRows(relation, rows)
        for (const undo of groups) undo()
      },
    }
  }

  /** Take over what holds the same; the nodes whose contents came over. */
  #adopt(from: Engine): Set<string> {
    this.#runtime.now = from.now
    for (const table of this.relations.keys()) {
      const given = from.givenRelation(table)
      const name = this.#given.get(table) ?? table
      if (given && !given.isCounted && given.arity === this.relations.get(name)?.arity) this.relations.set(name, given)
    }
    const places = this.#warnings.diagnostics.length > 0
    const old = new Map<string, string[]>()
    for (const [node, signature] of signaturesOf(from.#lowered, places)) {
      const nodes = old.get(signature)
      if (nodes) nodes.push(node)
      else old.set(signature, [node])
    }
    const adopted = new Set<string>()
    for (const [node, signature] of signaturesOf(this.#lowered, places)) {
      // Each for one only: what two clauses fill would be counted twice.
      const other = old.get(signature)?.pop()
      const relation = other === undefined ? undefined : from.relations.get(other)
      const group = other === undefined ? undefined : from.#groups.get(other)
      if (relation) this.relations.set(node, relation)
      if (group) this.#groups.set(node, group)
      if (relation || group) adopted.add(node)
    }
    const seen = this.#lowered.components.filter(c => c.nodes.every(n => adopted.has(n)))
    this.#warnings.keep(new Set(seen.flatMap(c => placesOf(c, this.#lowered))))
    return adopted
  }

  #runningComponent(component: ClauseComponent, adopted: boolean): RunningComponent {
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
      rows: (table, columns) => this.rows(table, columns),
      inline: (clause, step, env) => this.#inline(clause, step, env),
      emit: (table, kind, aside) => queues.get(table)!.sink(kind, aside),
      isOwn: table => own.has(table),
    }
    const clauses = component.clauses.map(c => new RunningClause(c, context))
    const triggers = clauses.flatMap(clause =>
      clause.clause.body.flatMap((literal, at): Trigger[] => {
        if (literal.kind === 'atom') return [{ clause, at, source: this.relations.get(literal.table)! }]
        const group = literal.kind === 'aggregate' ? this.#groupOf.get(literal) : undefined
        return group ? [{ clause, at, source: group }] : []
      }),
    )
    const recursive = component.recursive ? { clauses, triggers, queues } : undefined
    return { adopted, opaque: component.opaque, clauses, triggers, tables, groups, readers: [], recursive }
  }

  #inline(clause: Clause, step: Parameters<CompileContext['inline']>[1], env: Int32Array): number {
    const context = { warnings: this.#warnings, tick: this.#guard.tick, now: this.now }
    const { value } = new Solver(this, context).aggregate(step, env, clause.variables)
    return value === undefined ? Number.NaN : this.interner.intern(value)
  }
}

function follow({ clause, at, source }: Trigger): void {
  const { touchedCount, touched } = source
  if (touchedCount > 0) clause.run('delta', at, touched, 0, touchedCount)
}
