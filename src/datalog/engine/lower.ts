import type {
  AggregateLiteral,
  AtomLiteral,
  CoreExpr,
  CoreLiteral,
  CoreRule,
  CoreTerm,
  Program,
  Variable,
} from '../../language/index.ts'
import { planBody, UnsafeBody } from '../plan.ts'
import { componentsOf, stronglyConnected, tablesRead } from '../rules.ts'
import { outerVariables } from '../variables.ts'
import { aggregateText } from './aggregate-text.ts'

/** The table of one row that holds the clock's reading: `now(x)` becomes a literal of it. */
export const NOW = '\u0000now'

/**
 * A rule as the engine runs it. Unlike a core rule its aggregates are looked up in groups that clauses of their own feed, its negated
 * atoms name all columns, and nothing in it needs more than the tables and groups it reads.
 */
export interface Clause {
  /** The rule it was made from, for messages. */
  readonly origin: CoreRule
  readonly body: readonly CoreLiteral[]
  /** Names by number. */
  readonly variables: readonly string[]
  readonly sink: Sink
}

export type Sink =
  | { readonly kind: 'table'; readonly table: string; readonly args: readonly CoreTerm[] }
  | {
      readonly kind: 'group'
      readonly group: string
      readonly key: readonly number[]
      readonly value: CoreExpr | undefined
    }

/** Clauses that depend on each other, or that fill one table or group. */
export interface ClauseComponent {
  readonly nodes: readonly string[]
  readonly clauses: readonly Clause[]
  readonly reads: ReadonlySet<string>
  readonly recursive: boolean
  /** Some aggregate is computed where it stands, so that changes can not be followed through it. */
  readonly opaque: boolean
}

export interface LoweredProgram {
  readonly components: readonly ClauseComponent[]
  /** Groups by name, with the literals of clauses that look in each: all state the same aggregate. */
  readonly groups: ReadonlyMap<string, readonly AggregateLiteral[]>
  /** The group an aggregate literal of a clause looks in; one that is not here is computed where it stands. */
  readonly groupOf: ReadonlyMap<AggregateLiteral, string>
  /** Columns of every table that clauses fill or read. */
  readonly arities: ReadonlyMap<string, number>
  /** Rows that data gives to a table which rules derive too are kept under this name. */
  readonly given: ReadonlyMap<string, string>
}

export function lower(program: Pick<Program, 'rules'>): LoweredProgram {
  return new Lowering(program).run()
}

class Lowering {
  readonly #program: Pick<Program, 'rules'>
  readonly #clauses: Clause[] = []
  readonly #groups = new Map<string, AggregateLiteral[]>()
  /** By policy and what the aggregate says. */
  readonly #groupNames = new Map<string, string>()
  readonly #groupOf = new Map<AggregateLiteral, string>()
  readonly #arities = new Map<string, number>()
  readonly #given = new Map<string, string>()
  readonly #projections = new Set<string>()
  readonly #opaque = new Set<Clause>()
  /** Tables that the rule being lowered must not be made to read through a group: its own component's. */
  #own: ReadonlySet<string> = new Set()

  constructor(program: Pick<Program, 'rules'>) {
    this.#program = program
  }

  run(): LoweredProgram {
    for (const component of componentsOf(this.#program)) {
      this.#own = component.recursive ? new Set(component.tables) : new Set()
      for (const rule of component.rules) this.#rule(rule)
      for (const table of component.tables) this.#addGiven(table, component.rules.find(r => r.head.table === table)!)
    }
    return {
      components: this.#components(),
      groups: this.#groups,
      groupOf: this.#groupOf,
      arities: this.#arities,
      given: this.#given,
    }
  }

  #rule(rule: CoreRule): void {
    const sink: Sink = { kind: 'table', table: rule.head.table, args: rule.head.args }
    this.#arities.set(rule.head.table, rule.head.args.length)
    this.#clause(rule, rule.body, rule.variables, sink)
  }

  #clause(origin: CoreRule, body: readonly CoreLiteral[], variables: readonly string[], sink: Sink): void {
    const inline = { seen: false }
    const lowered = body.map(l => this.#literal(l, body, origin, inline))
    const clause: Clause = { origin, body: lowered, variables, sink }
    if (inline.seen) this.#opaque.add(clause)
    this.#clauses.push(clause)
  }

  #literal(l: CoreLiteral, body: readonly CoreLiteral[], origin: CoreRule, inline: { seen: boolean }): CoreLiteral {
    if (l.kind === 'atom') {
      this.#arities.set(l.table, l.args.length)
      return l.negated && l.args.some(a => a.kind === 'wildcard') ? this.#projected(l, origin) : l
    }
    if (l.kind === 'builtin' && l.name === 'now') {
      this.#arities.set(NOW, 1)
      const atom: AtomLiteral = { kind: 'atom', table: NOW, args: l.outputs, negated: l.negated, span: l.span }
      return atom.negated && atom.args[0]!.kind === 'wildcard' ? this.#projected(atom, origin) : atom
    }
    if (l.kind !== 'aggregate') return l
    const grouped = this.#grouped(l, body, origin)
    if (!grouped) inline.seen = true
    return grouped ?? l
  }

  /** `not p(x, _)` reads the projection of p on its other columns. */
  #projected(l: AtomLiteral, origin: CoreRule): AtomLiteral {
    const columns = l.args.flatMap((a, i) => (a.kind === 'wildcard' ? [] : [i]))
    const table = `${l.table}\u0000${columns.join()}`
    if (!this.#projections.has(table)) {
      this.#projections.add(table)
      this.#arities.set(table, columns.length)
      const all = l.args.map((_, index): Variable => ({ kind: 'variable', index }))
      const atom: AtomLiteral = { kind: 'atom', table: l.table, args: all, negated: false, span: l.span }
      const sink: Sink = { kind: 'table', table, args: columns.map(c => all[c]!) }
      this.#clauses.push({ origin, body: [atom], variables: l.args.map(() => '_'), sink })
    }
    return { ...l, table, args: columns.map(c => l.args[c]!) }
  }

  /**
   * An aggregate that looks in a group, which a clause feeds; undefined when it must be computed where it stands. What rules of a policy say
   * alike is kept in one group. Literals are copied, since one may stand in several clauses.
   */
  #grouped(source: AggregateLiteral, outer: readonly CoreLiteral[], origin: CoreRule): AggregateLiteral | undefined {
    const needsContext = !bindsAll(source.body, source.groupBy)
    // The braces alone may not say which groups there are: then the rest of the rule does.
    const context = needsContext ? contextOf(source, outer) : []
    if (context.some(c => [...tablesRead([c])].some(({ table }) => this.#own.has(table)))) return undefined
    const { text, key } = aggregateText(source, context)
    const literal = { ...source, groupBy: key }
    const wanted = `${origin.policy}\n${text}`
    const known = this.#groupNames.get(wanted)
    const group = known ?? `\u0000group ${this.#groups.size}`
    this.#groupOf.set(literal, group)
    if (known !== undefined) {
      this.#groups.get(known)!.push(literal)
      return literal
    }
    this.#groupNames.set(wanted, group)
    const number = this.#groups.size
    this.#groups.set(group, [literal])
    let { body } = source
    if (needsContext) {
      const table = `\u0000context ${number}`
      this.#arities.set(table, key.length)
      const args = key.map((index): Variable => ({ kind: 'variable', index }))
      this.#clause(origin, context, origin.variables, { kind: 'table', table, args })
      body = [{ kind: 'atom', table, args, negated: false, span: source.span }, ...body]
    }
    const own = this.#own
    this.#own = new Set()
    this.#clause(origin, body, origin.variables, { kind: 'group', group, key, value: source.value })
    this.#own = own
    return literal
  }

  #addGiven(table: string, origin: CoreRule): void {
    const name = `${table}\u0000given`
    const arity = this.#arities.get(table)!
    this.#given.set(table, name)
    this.#arities.set(name, arity)
    const args = Array.from({ length: arity }, (_, index): Variable => ({ kind: 'variable', index }))
    const atom: AtomLiteral = { kind: 'atom', table: name, args, negated: false, span: origin.span }
    this.#clauses.push({ origin, body: [atom], variables: args.map(() => '_'), sink: { kind: 'table', table, args } })
  }

  #components(): ClauseComponent[] {
    const clauses = new Map<string, Clause[]>()
    for (const c of this.#clauses) {
      const node = sinkNode(c.sink)
      const list = clauses.get(node)
      if (list) list.push(c)
      else clauses.set(node, [c])
    }
    const reads = new Map([...clauses].map(([node, own]) => [node, new Set(own.flatMap(c => this.#reads(c)))]))
    const edges = (node: string) => [...reads.get(node)!].filter(n => clauses.has(n))
    return stronglyConnected([...clauses.keys()], edges).map(nodes => {
      const own = nodes.flatMap(n => clauses.get(n)!)
      const read = new Set(nodes.flatMap(n => [...reads.get(n)!]))
      const recursive = nodes.some(n => read.has(n))
      for (const n of nodes) read.delete(n)
      return { nodes, clauses: own, reads: read, recursive, opaque: own.some(c => this.#opaque.has(c)) }
    })
  }

  #reads(clause: Clause): string[] {
    return clause.body.flatMap(l => {
      if (l.kind === 'atom') return [l.table]
      if (l.kind !== 'aggregate') return []
      const group = this.#groupOf.get(l)
      return group === undefined ? [...tablesRead([l])].map(d => d.table) : [group]
    })
  }
}

export function sinkNode(sink: Sink): string {
  return sink.kind === 'table' ? sink.table : sink.group
}

/** Whether a body gives these variables values by itself. */
function bindsAll(body: readonly CoreLiteral[], variables: readonly number[]): boolean {
  const bound = new Set<number>()
  try {
    planBody(body, bound, { rows: () => 1 })
  } catch (error) {
    if (error instanceof UnsafeBody) return false
    throw error
  }
  return variables.every(v => bound.has(v))
}

/** Literals of a rule that bind an aggregate's grouping variables without it; other aggregates only where they are needed. */
function contextOf(l: AggregateLiteral, outer: readonly CoreLiteral[]): CoreLiteral[] {
  const others = outer.filter(o => o !== l)
  for (const withAggregates of [false, true]) {
    const bound = new Set<number>()
    const taken: CoreLiteral[] = []
    for (let grew = true; grew; ) {
      grew = false
      for (const o of others) {
        if (taken.includes(o) || (o.kind === 'aggregate' && !withAggregates)) continue
        if (!executable(o, bound)) continue
        taken.push(o)
        for (const v of outerVariables(o)) bound.add(v)
        grew = true
        if (withAggregates && l.groupBy.every(v => bound.has(v))) return taken
      }
    }
    if (l.groupBy.every(v => bound.has(v))) return taken
  }
  throw new UnsafeBody(l)
}

function executable(l: CoreLiteral, bound: ReadonlySet<number>): boolean {
  try {
    planBody([l], new Set(bound), { rows: () => 1 })
    return true
  } catch (error) {
    if (error instanceof UnsafeBody) return false
    throw error
  }
}
