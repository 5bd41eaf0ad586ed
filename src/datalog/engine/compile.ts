import {
  type AggregateLiteral,
  type ArithmeticFunction,
  type AtomLiteral,
  type CompareLiteral,
  type CoreExpr,
  type CoreTerm,
  renderExpr,
} from '../../language/index.ts'
import { type Interner, mix, NEW, OLD, type Relation } from '../../tables/index.ts'
import type { Guard } from '../limits.ts'
import { type AtomStep, type Key, planBody, type Step } from '../plan.ts'
import { exprVariables, outerVariables, termVariables } from '../variables.ts'
import { FeedCode } from './feed-code.ts'
import type { Group } from './group.ts'
import type { Clause } from './lower.ts'
import type { Runtime } from './runtime.ts'

/**
 * Which solutions of a clause a compiled function enumerates, and what it does with them.
 * - `full`: all of the present state, into the sink.
 * - `delta`: those that came or went by changes of the literal `at`, with their sign, into the sink: literals before `at` are read as they
 *   are now, those after it as they were, so that over all `at` each is met once.
 * - `remove`, `insert`: those of the old (the new) state that need a row of `at` that went (came). Into `rows` of the head.
 * - `derive`: whether a given row of the head has a solution in the new state.
 */
export type Variant =
  | { readonly kind: 'full' }
  | { readonly kind: 'delta' | 'remove' | 'insert'; readonly at: number }
  | { readonly kind: 'derive' }

/** `list` has the slots that literal `at` ranges over, from `from` to `to` (null: they are those numbers); for `derive` it is the head's slot that matters (`from`). */
export type Compiled = (list: Int32Array | null, from: number, to: number) => boolean

/** What compiled functions work on. */
export interface CompileContext {
  readonly interner: Interner
  readonly runtime: Runtime
  readonly guard: () => Guard
  readonly relation: (table: string) => Relation
  /** The group an aggregate looks in, or undefined: computed where it stands. */
  readonly group: (literal: AggregateLiteral) => Group | undefined
  readonly groupByName: (name: string) => Group
  readonly rows: (table: string, columns: readonly number[]) => number
  /** Compute an aggregate where it stands; NaN where it fails, else the id of its value. */
  readonly inline: (clause: Clause, step: Extract<Step, { kind: 'aggregate' }>, env: Int32Array) => number
  /** Takes rows derived by `full`, `insert` and `remove` into a recursive table. */
  readonly emit: (table: string, kind: 'remove' | 'insert', aside: boolean) => RowSink
  /** Whether a table is one of the recursive component that the clause belongs to. */
  readonly isOwn: (table: string) => boolean
}

/** Takes the row in its relation's `scratch`. */
export interface RowSink {
  take(): void
}

/** A function, and whether what it was compiled for still is so; only those for `full` take something for granted. */
export interface CompiledClause {
  readonly run: Compiled
  readonly holds: () => boolean
}

/** Compile one variant of a clause to a JavaScript function: nested loops over columns, with all ids and tables as local names. */
export function compileClause(clause: Clause, variant: Variant, context: CompileContext): CompiledClause {
  return new Compiler(clause, variant, context).compile()
}

/**
 * Rare work is called through this one place, which sees different functions: so V8 does not put them into each loop that has them, and
 * compiles the loop, which runs slowly until then, in a part of the time.
 */
function aside<T>(work: (on: T, x: number) => number, on: T, x: number): number {
  return work(on, x)
}

function open(group: Group, id: number): number {
  return group.open(id)
}

function refuel(watch: Guard): number {
  return watch.refuel()
}

/** Operations that the runtime has a method for, with so many operands. */
const FAST_OPERATIONS: ReadonlyMap<
  ArithmeticFunction,
  {
    readonly method: 'add' | 'subtract' | 'multiply' | 'divide' | 'smaller' | 'larger' | 'absolute'
    readonly args: number
  }
> = new Map([
  ['+', { method: 'add', args: 2 }],
  ['-', { method: 'subtract', args: 2 }],
  ['*', { method: 'multiply', args: 2 }],
  ['/', { method: 'divide', args: 2 }],
  ['min', { method: 'smaller', args: 2 }],
  ['max', { method: 'larger', args: 2 }],
  ['abs', { method: 'absolute', args: 1 }],
])

/** Ids up to which, for each row that is read, a table by id is worth its making. */
const IDS_PER_ROW = 16

class Compiler {
  readonly #clause: Clause
  readonly #variant: Variant
  readonly #context: CompileContext
  /** Objects the function closes over, by name. */
  readonly #objects = new Map<string, unknown>()
  readonly #names = new Map<unknown, string>()
  /** Statements that fetch arrays when the function starts: they may be replaced between calls. */
  readonly #fetch = new Set<string>()
  readonly #code: string[] = []
  readonly #finally: string[] = []
  #open = 0
  #fresh = 0
  /** What the function takes for granted about tables while it runs. */
  readonly #assumed: (() => boolean)[] = []
  /** Variables whose id (`v3`) or number (`n3`) is at hand. */
  readonly #ids = new Set<number>()
  readonly #numbers = new Set<number>()
  /** How often a variable occurs: columns of those that occur once are not read. */
  readonly #uses: ReadonlyMap<number, number>
  /** The loop over the old and the new result of a group that changed, as long as no step asks for the result. */
  #postponed: { readonly variable: number; readonly open: () => void } | undefined

  constructor(clause: Clause, variant: Variant, context: CompileContext) {
    this.#clause = clause
    this.#variant = variant
    this.#context = context
    this.#uses = countUses(clause)
  }

  compile(): CompiledClause {
    const { body } = this.#clause
    const at = 'at' in this.#variant ? this.#variant.at : undefined
    const bound = new Set<number>()
    if (this.#variant.kind === 'derive') this.#bindHead(bound)
    const steps = planBody(body, bound, {
      rows: this.#context.rows,
      isGrouped: l => this.#context.group(l) !== undefined,
      ...(at === undefined ? {} : { first: at }),
    })
    steps.forEach((step, i) => {
      if (i === 0 && at !== undefined) this.#changes(step)
      else this.#step(step)
    })
    this.#openPostponed()
    this.#sink()
    const lines = [
      '"use strict"',
      '',
      'return function (list, from, to) {',
      'let numbers = interner.numbers',
      ...this.#fetch,
      ...this.#code,
      ...Array<string>(this.#open).fill('}'),
      ...this.#leave(),
      'return false',
      '}',
    ]
    this.#name(this.#context.interner, 'interner')
    for (const [name, f] of Object.entries({ mixed: mix, aside, open, refuel })) this.#objects.set(name, f)
    lines[1] = `const { ${[...this.#objects.keys()].join(', ')} } = objects`
    const make = new Function('objects', lines.join('\n')) as (objects: object) => Compiled
    const assumed = this.#assumed
    return { run: make(Object.fromEntries(this.#objects)), holds: () => assumed.every(a => a()) }
  }

  #emit(line: string): void {
    this.#code.push(line)
  }

  /** What is to do before the function returns. */
  #leave(): string[] {
    return this.#fetch.has(this.#fuel) ? [...this.#finally, 'watch.fuel = fuel'] : this.#finally
  }

  /** Open a block that stays open to the end of the function. */
  #block(head: string): void {
    this.#code.push(`${head} {`)
    this.#open++
  }

  #name(object: unknown, hint: string): string {
    let name = this.#names.get(object)
    if (name === undefined) {
      name = hint === 'interner' || hint === 'runtime' ? hint : `${hint}${this.#names.size}`
      this.#names.set(object, name)
      this.#objects.set(name, object)
    }
    return name
  }

  #part(relation: string, part: string): string {
    const name = `${relation}_${part.replace(/\W/g, '')}`
    this.#fetch.add(`const ${name} = ${relation}.${part}`)
    return name
  }

  #column(relation: string, column: number): string {
    const name = `${relation}_c${column}`
    this.#fetch.add(`const ${name} = ${relation}.columns[${column}]`)
    return name
  }

  // --- values

  #constant(t: Extract<CoreTerm, { kind: 'constant' }>): string {
    return String(this.#context.interner.intern(t.value))
  }

  /** Code for a term's id. */
  #id(t: CoreTerm): string {
    if (t.kind === 'constant') return this.#constant(t)
    const name = `v${t.index}`
    if (!this.#ids.has(t.index)) {
      this.#emit(`const ${name} = interner.intern(n${t.index})`)
      this.#emit('numbers = interner.numbers')
      this.#ids.add(t.index)
    }
    return name
  }

  /** Code for a term's number, NaN for what is none. */
  #number(t: CoreTerm): string {
    if (t.kind === 'constant') return typeof t.value === 'number' ? numberCode(t.value) : 'NaN'
    return this.#numbers.has(t.index) ? `n${t.index}` : `numbers[v${t.index}]`
  }

  /** Code for a term's value, for slow paths. */
  #value(t: CoreTerm): string {
    if (t.kind === 'constant') return `interner.value(${this.#constant(t)})`
    return this.#ids.has(t.index) ? `interner.value(v${t.index})` : `n${t.index}`
  }

  #isNumber(t: CoreTerm): boolean {
    return t.kind === 'constant' ? typeof t.value === 'number' : this.#numbers.has(t.index)
  }

  /** Work out an arithmetic expression into a local; the local's name. It is NaN where the arithmetic fails. */
  #arithmetic(e: Extract<CoreExpr, { kind: 'call' }>, place: { readonly span: CompareLiteral['span'] }): string {
    const runtime = this.#name(this.#context.runtime, 'runtime')
    const site = this.#site(
      place.span,
      renderExpr(e, v => this.#clause.variables[v] ?? '_'),
    )
    const result = `e${this.#fresh++}`
    this.#emit(`let ${result} = NaN`)
    this.#emit(`b${result}: {`)
    const code = (x: CoreExpr): string => {
      if (x.kind === 'call') return this.#operation(x.function, x.args.map(code), site)
      if (x.kind === 'variable' && !this.#numbers.has(x.index)) {
        const leaf = `m${this.#fresh++}`
        this.#emit(`const ${leaf} = numbers[v${x.index}]`)
        this.#emit(`if (${leaf} !== ${leaf}) { ${runtime}.notNumber(${site}, v${x.index}); break b${result} }`)
        return leaf
      }
      if (x.kind === 'constant' && typeof x.value !== 'number') {
        this.#emit(`{ ${runtime}.notNumber(${site}, ${this.#constant(x)}); break b${result} }`)
      }
      return this.#number(x)
    }
    this.#emit(`${result} = ${code(e)}`)
    this.#emit('}')
    return result
  }

  #operation(f: ArithmeticFunction, args: readonly string[], site: number): string {
    const runtime = this.#name(this.#context.runtime, 'runtime')
    const fast = FAST_OPERATIONS.get(f)
    if (fast && args.length === fast.args) return `${runtime}.${fast.method}(${site}, ${args.join(', ')})`
    return `${runtime}.calculate(${site}, ${JSON.stringify(f)}, [${args.join(', ')}])`
  }

  #site(span: CompareLiteral['span'], text: string): number {
    return this.#context.runtime.sites.push({ span, text }) - 1
  }

  // --- steps

  /** Which of a slot's bits a literal reads. */
  #mask(position: number): number {
    if (this.#variant.kind === 'remove') return OLD
    if (this.#variant.kind === 'delta') return position < this.#variant.at ? NEW : OLD
    return NEW
  }

  #step(step: Step): void {
    const { variable } = this.#postponed ?? {}
    if (variable !== undefined && outerVariables(step.literal).has(variable)) this.#openPostponed()
    switch (step.kind) {
      case 'atom':
        this.#atom(step)
        return
      case 'absent':
        this.#absent(step.literal, step.position)
        return
      case 'test':
        this.#test(step.literal)
        return
      case 'bind':
        this.#bind(step.variable, step.expr, step.literal)
        return
      case 'builtin':
        this.#builtin(step)
        return
      case 'aggregate':
        this.#aggregate(step)
        return
    }
  }

  /** Slots whose state has a bit of the mask; rows of an untouched relation have both. */
  #atom(step: AtomStep): void {
    const relation = this.#context.relation(step.literal.table)
    const r = this.#name(relation, 'r')
    const slot = `s${this.#fresh++}`
    const isStill = this.#variant.kind === 'full' && !this.#context.isOwn(step.literal.table)
    const live = this.#isLive(relation, r, slot, this.#mask(step.position), isStill)
    const key = step.key.terms.map(t => this.#id(t))
    const sharp = key.length === relation.arity ? relation.sharpIndex() : undefined
    if (key.length === relation.arity && !sharp) {
      if (this.#variant.kind === 'full') {
        this.#block(`if (${this.#has(r, key)})`)
        return
      }
      this.#locate(r, key, slot)
      this.#block(`if (${[`${slot} >= 0`, ...(live === '' ? [] : [live])].join(' && ')})`)
      return
    }
    if (key.length === 0) {
      this.#block(`for (let ${slot} = 0, end = ${r}.top; ${slot} < end; ${slot}++)`)
      this.#tick()
      if (live !== '') this.#block(`if (${live})`)
    } else {
      const { columns } = step.key
      const used = sharp ?? relation.index(columns)
      const index = this.#name(used, 'i')
      const heads = this.#part(index, 'heads')
      const first = `${heads}[${bucketCode(used.columns.map(c => key[columns.indexOf(c)]!))} & (${heads}.length - 1)]`
      const tests = columns.map((c, i) => `${this.#column(r, c)}[${slot}] === ${key[i]}`)
      if (live !== '') tests.push(live)
      if (isStill && used.isSingle) {
        this.#assumed.push(() => used.isSingle)
        this.#emit(`const ${slot} = ${first}`)
        tests.unshift(`${slot} >= 0`)
      } else {
        this.#block(`for (let ${slot} = ${first}; ${slot} >= 0; ${slot} = ${this.#part(index, 'next')}[${slot}])`)
        this.#tick()
      }
      this.#block(`if (${tests.join(' && ')})`)
      if (isStill && used.isSingle) this.#count()
    }
    this.#bindColumns(step, r, slot)
  }

  /** Code for whether the state that is read has the row in a slot; nothing where every slot has one. */
  #isLive(relation: Relation, r: string, slot: string, mask: number, isStill: boolean): string {
    if (isStill && relation.isWhole) {
      this.#assumed.push(() => relation.isWhole)
      return ''
    }
    return `(${this.#part(r, 'state')}[${slot}] & ${mask}) !== 0`
  }

  /** Give an atom's new variables the values of a slot. */
  #bindColumns(step: AtomStep, r: string, slot: string): void {
    for (const { column, variable } of step.binds) {
      if (this.#uses.get(variable) === 1) continue
      this.#emit(`const v${variable} = ${this.#column(r, column)}[${slot}]`)
      this.#ids.add(variable)
    }
    const repeats = step.repeats.map(({ column, variable }) => `${this.#column(r, column)}[${slot}] === v${variable}`)
    if (repeats.length > 0) this.#block(`if (${repeats.join(' && ')})`)
  }

  /** Declare `slot` as the slot of a whole row, -1 when it is not stored. */
  #locate(r: string, key: readonly string[], slot: string): void {
    this.#fetch.add(`${r}.makeHash()`)
    const heads = this.#part(r, 'heads')
    const next = this.#part(r, 'next')
    this.#emit(`let ${slot} = ${heads}[${key.length === 0 ? '0' : bucketCode(key)} & (${heads}.length - 1)]`)
    const differs = key.map((k, c) => `${this.#column(r, c)}[${slot}] !== ${k}`)
    if (differs.length > 0) this.#emit(`while (${slot} >= 0 && (${differs.join(' || ')})) ${slot} = ${next}[${slot}]`)
  }

  /** Code for whether a whole row is in the present state; unlike a slot's search it needs no hash. */
  #has(r: string, key: readonly string[]): string {
    const scratch = this.#part(r, 'scratch')
    return `(${[...key.map((k, c) => `${scratch}[${c}] = ${k}`), `${r}.has(${scratch})`].join(', ')})`
  }

  get #fuel(): string {
    return `let fuel = watch.${this.#variant.kind === 'full' ? 'start()' : 'fuel'}`
  }

  /** A row that is looked at where no loop can run away. */
  #count(): void {
    this.#burn()
    this.#emit('fuel--')
  }

  #tick(): void {
    this.#burn()
    this.#emit('if (--fuel < 0) fuel = aside(refuel, watch, 0)')
  }

  /** Have the fuel at hand. */
  #burn(): void {
    const guard = this.#name(this.#context.guard, 'guard')
    this.#fetch.add(`const watch = ${guard}()`)
    this.#fetch.add(this.#fuel)
  }

  #absent(literal: AtomLiteral, position: number): void {
    const r = this.#name(this.#context.relation(literal.table), 'r')
    const slot = `s${this.#fresh++}`
    const key = literal.args.map(a => this.#id(a as CoreTerm))
    if (this.#variant.kind === 'full') {
      this.#block(`if (!${this.#has(r, key)})`)
      return
    }
    this.#locate(r, key, slot)
    const state = this.#part(r, 'state')
    this.#block(`if (${slot} < 0 || (${state}[${slot}] & ${this.#mask(position)}) === 0)`)
  }

  #test(l: CompareLiteral): void {
    const runtime = this.#name(this.#context.runtime, 'runtime')
    const sides = [l.left, l.right].map(e => (e.kind === 'call' ? { local: this.#arithmetic(e, l), e } : { term: e }))
    const made = sides.flatMap(s => (s.local === undefined ? [] : [`${s.local} === ${s.local}`]))
    const numeric = sides.map(s => s.local !== undefined || this.#isNumber(s.term!))
    const number = sides.map(s => s.local ?? this.#number(s.term!))
    let holds: string
    if (l.operator === '=' || l.operator === '!=') {
      const sign = l.operator === '=' ? '===' : '!=='
      const asIds = !sides.some(
        s => s.local !== undefined || (s.term!.kind === 'variable' && !this.#ids.has(s.term!.index)),
      )
      holds = (asIds ? sides.map(s => this.#id(s.term!)) : number).join(` ${sign} `)
    } else if (numeric[0] && numeric[1]) holds = `${number[0]} ${l.operator} ${number[1]}`
    else {
      const site = this.#site(l.span, '')
      const locals = number.map(n => {
        const local = `m${this.#fresh++}`
        this.#emit(`const ${local} = ${n}`)
        return local
      })
      const values = sides.map(s => s.local ?? this.#value(s.term!)).join(', ')
      const odd = locals.map(n => `${n} !== ${n}`).join(' || ')
      const slow = `${runtime}.order(${site}, ${JSON.stringify(l.operator)}, ${values})`
      holds = `(${locals[0]} ${l.operator} ${locals[1]} || ((${odd}) && ${slow}))`
    }
    const all = [...made, holds].join(' && ')
    this.#block(l.negated ? `if (!(${all}))` : `if (${all})`)
  }

  #bind(variable: number, e: CoreExpr, place: CompareLiteral): void {
    if (e.kind === 'call') {
      const local = this.#arithmetic(e, place)
      this.#block(`if (${local} === ${local})`)
      this.#emit(`const n${variable} = ${local}`)
      this.#numbers.add(variable)
    } else if (e.kind === 'variable' && !this.#ids.has(e.index)) {
      this.#emit(`const n${variable} = n${e.index}`)
      this.#numbers.add(variable)
    } else {
      this.#emit(`const v${variable} = ${this.#id(e)}`)
      this.#ids.add(variable)
    }
  }

  #builtin(step: Extract<Step, { kind: 'builtin' }>): void {
    const { literal, binds } = step
    const runtime = this.#name(this.#context.runtime, 'runtime')
    const outputs = `o${this.#fresh++}`
    const inputs = literal.inputs.map(t => this.#value(t)).join(', ')
    const site = this.#site(literal.span, literal.name)
    this.#emit(`const ${outputs} = ${runtime}.call(${site}, ${JSON.stringify(literal.name)}, [${inputs}])`)
    const agrees = [`${outputs} !== null`]
    literal.outputs.forEach((t, i) => {
      if (t.kind === 'wildcard' || binds.some(b => b.column === i)) return
      const first = t.kind === 'variable' ? binds.find(b => b.variable === t.index) : undefined
      agrees.push(`${outputs}[${i}] === ${first ? `${outputs}[${first.column}]` : this.#value(t)}`)
    })
    this.#block(literal.negated ? `if (!(${agrees.join(' && ')}))` : `if (${agrees.join(' && ')})`)
    if (literal.negated || binds.length === 0) return
    for (const b of binds) {
      this.#emit(`const v${b.variable} = interner.intern(${outputs}[${b.column}])`)
      this.#ids.add(b.variable)
    }
    this.#emit('numbers = interner.numbers')
  }

  #aggregate(step: Extract<Step, { kind: 'aggregate' }>): void {
    const group = this.#context.group(step.literal)
    if (!group) {
      this.#inline(step)
      return
    }
    const g = this.#name(group, 'g')
    const keys = this.#name(group.keys, 'r')
    const slot = `s${this.#fresh++}`
    const key = step.literal.groupBy.map(index => this.#id({ kind: 'variable', index }))
    this.#locate(keys, key, slot)
    const now = `${this.#part(g, 'now')}[${slot}]`
    const place = `${this.#part(g, 'touchedAt')}[${slot}]`
    const old = `(${place} > 0 ? ${this.#part(g, 'before')}[${place} - 1] : ${now})`
    const result = `x${this.#fresh++}`
    const stored = this.#mask(step.position) === NEW ? now : old
    this.#emit(`const ${result} = ${slot} < 0 ? ${numberCode(group.nothing)} : ${stored}`)
    this.#result(step, group, result)
  }

  /** Bind or compare an aggregate's variable with its result, where it has one. */
  #result(step: Extract<Step, { kind: 'aggregate' }>, group: Group, result: string): void {
    const { index } = step.literal.result
    if (step.bound) {
      const variable = { kind: 'variable', index } as const
      const same = group.givesIds ? this.#id(variable) : this.#number(variable)
      this.#block(`if (${result} === ${same})`)
      return
    }
    this.#block(`if (${result} === ${result})`)
    this.#emit(`const ${group.givesIds ? 'v' : 'n'}${index} = ${result}`)
    if (group.givesIds) this.#ids.add(index)
    else this.#numbers.add(index)
  }

  #inline(step: Extract<Step, { kind: 'aggregate' }>): void {
    const { index } = step.literal.result
    const clause = this.#clause
    const { inline } = this.#context
    const compute = this.#name((env: Int32Array) => inline(clause, step, env), 'inline')
    const env = this.#name(new Int32Array(clause.variables.length), 'env')
    this.#emit(`${env}.fill(-1)`)
    for (const v of step.literal.groupBy) {
      this.#emit(`${env}[${v}] = ${this.#id({ kind: 'variable', index: v })}`)
    }
    const result = `x${this.#fresh++}`
    this.#emit(`const ${result} = ${compute}(${env})`)
    this.#emit('numbers = interner.numbers')
    if (step.bound) this.#block(`if (${result} === ${this.#id({ kind: 'variable', index })})`)
    else {
      this.#block(`if (${result} === ${result})`)
      this.#emit(`const v${index} = ${result}`)
      this.#ids.add(index)
    }
  }

  // --- the literal whose changes are followed

  #changes(step: Step): void {
    if (step.kind === 'aggregate') {
      this.#groupChanges(step)
      return
    }
    if (step.kind !== 'atom') throw new Error('only atoms and aggregates change')
    const { literal } = step
    const relation = this.#context.relation(literal.table)
    const r = this.#name(relation, 'r')
    const slot = `s${this.#fresh++}`
    const state = this.#part(r, 'state')
    this.#block('for (let k = from; k < to; k++)')
    this.#tick()
    const own = this.#context.isOwn(literal.table)
    this.#emit(`const ${slot} = ${own ? 'list === null ? k : list[k]' : 'list[k]'}`)
    const { kind } = this.#variant
    if (kind === 'delta') {
      this.#emit(`const bits = ${state}[${slot}] & ${OLD | NEW}`)
      this.#block(`if (bits === ${OLD} || bits === ${NEW})`)
      this.#emit(`const sign = bits === ${literal.negated ? OLD : NEW} ? 1 : -1`)
    } else if (!own) {
      const wanted = (kind === 'insert') !== literal.negated ? NEW : OLD
      this.#block(`if ((${state}[${slot}] & ${OLD | NEW}) === ${wanted})`)
    }
    const constants = this.#constantTests(step.key, r, slot)
    if (constants.length > 0) this.#block(`if (${constants.join(' && ')})`)
    this.#bindColumns(step, r, slot)
  }

  #constantTests(key: Key, r: string, slot: string): string[] {
    return key.columns.map((c, i) => `${this.#column(r, c)}[${slot}] === ${this.#id(key.terms[i]!)}`)
  }

  #groupChanges(step: Extract<Step, { kind: 'aggregate' }>): void {
    const group = this.#context.group(step.literal)!
    const g = this.#name(group, 'g')
    const keys = this.#name(group.keys, 'r')
    const slot = `s${this.#fresh++}`
    const { kind } = this.#variant
    this.#block('for (let k = from; k < to; k++)')
    this.#emit(`const ${slot} = list[k]`)
    const before = `b${slot}`
    const now = `n${slot}`
    this.#emit(`const ${before} = ${this.#part(g, 'before')}[k], ${now} = ${this.#part(g, 'now')}[${slot}]`)
    this.#block(`if (${before} !== ${now} && (${before} === ${before} || ${now} === ${now}))`)
    step.literal.groupBy.forEach((v, c) => {
      this.#emit(`const v${v} = ${this.#column(keys, c)}[${slot}]`)
      this.#ids.add(v)
    })
    const result = `x${this.#fresh++}`
    if (kind !== 'delta') {
      this.#emit(`const ${result} = ${kind === 'insert' ? now : before}`)
      this.#result(step, group, result)
      return
    }
    this.#postponed = {
      variable: step.literal.result.index,
      open: () => {
        this.#block('for (let sign = -1; sign <= 1; sign += 2)')
        this.#emit(`const ${result} = sign < 0 ? ${before} : ${now}`)
        this.#result(step, group, result)
      },
    }
  }

  /** Open what was postponed, if there is anything. */
  #openPostponed(): void {
    const open = this.#postponed?.open
    this.#postponed = undefined
    open?.()
  }

  // --- what becomes of a solution

  #bindHead(bound: Set<number>): void {
    const { sink } = this.#clause
    if (sink.kind !== 'table') throw new Error('only rows are derived again')
    const r = this.#name(this.#context.relation(sink.table), 'r')
    const tests: string[] = []
    sink.args.forEach((arg, c) => {
      const cell = `${this.#column(r, c)}[from]`
      if (arg.kind === 'constant') tests.push(`${cell} === ${this.#constant(arg)}`)
      else if (bound.has(arg.index)) tests.push(`${cell} === v${arg.index}`)
      else {
        this.#emit(`const v${arg.index} = ${cell}`)
        this.#ids.add(arg.index)
        bound.add(arg.index)
      }
    })
    if (tests.length > 0) this.#block(`if (${tests.join(' && ')})`)
  }

  #sink(): void {
    const { sink } = this.#clause
    const { kind } = this.#variant
    if (kind === 'derive') {
      for (const line of this.#leave()) this.#emit(line)
      this.#emit('return true')
      return
    }
    const sign = kind === 'delta' ? 'sign' : '1'
    if (sink.kind === 'group') {
      this.#feed(sink, sign)
      return
    }
    const r = this.#name(this.#context.relation(sink.table), 'r')
    const row = `${r}.scratch`
    const ids = sink.args.map(t => this.#id(t))
    const toPairs = this.#context.isOwn(sink.table) && ids.length === 2 && kind !== 'remove' && !this.#looksUpOwn()
    const lay = ids.map((id, c) => `${this.#part(r, 'scratch')}[${c}] = ${id}`).join('; ')
    if (!toPairs) this.#emit(lay)
    if (this.#context.isOwn(sink.table)) {
      const rows = this.#name(
        this.#context.emit(sink.table, kind === 'remove' ? 'remove' : 'insert', this.#looksUpOwn()),
        'rows',
      )
      if (toPairs) this.#takePair(r, `${lay}; ${rows}`, ids[0]!, ids[1]!)
      else this.#emit(`${rows}.take()`)
      return
    }
    const guard = this.#name(this.#context.guard, 'guard')
    this.#fetch.add(`const watch = ${guard}()`)
    this.#emit(`if (${r}.adjust(${row}, ${sign})) watch.derived()`)
  }

  /**
   * A pair for a table that may be known by a bit matrix: most pairs are found again, and the others are appended, without a call. The
   * locals `bits`, `height`, `width`, `top`, `room` and the columns to write mirror the relation between `syncs`.
   */
  #takePair(r: string, rows: string, a: string, b: string): void {
    const mirror = [
      `matrix = ${r}.matrix`,
      'if (matrix !== undefined) { bits = matrix.bits; height = matrix.height; width = matrix.width } else height = 0',
      `top = ${r}.top; room = ${r}.capacity; left = ${r}.columns[0]; right = ${r}.columns[1]; states = ${r}.state`,
    ].join('; ')
    const sync = `watch.derivedMany(top - ${r}.top); ${r}.appended(top)`
    this.#fetch.add(`const watch = ${this.#name(this.#context.guard, 'guard')}()`)
    this.#fetch.add(`let matrix, bits, height = 0, width = 0, top, room, left, right, states; ${mirror}`)
    this.#emit(`if (${a} < height && ${b} < width) {`)
    this.#emit(`const place = ${a} * width + ${b}, word = bits[place >>> 5], bit = 1 << (place & 31)`)
    this.#emit('if ((word & bit) === 0) {')
    this.#emit(`if (top === room) { ${sync}; ${r}.grow(); ${mirror} }`)
    this.#emit(`bits[place >>> 5] = word | bit; left[top] = ${a}; right[top] = ${b}; states[top++] = ${OLD | NEW}`)
    this.#emit(`} } else { ${sync}; ${rows}.take(); ${mirror} }`)
    this.#finally.push(sync)
  }

  /** Whether the function reads a table of its component other than by a list of slots. */
  #looksUpOwn(): boolean {
    const at = 'at' in this.#variant ? this.#variant.at : -1
    return this.#clause.body.some((l, i) => i !== at && l.kind === 'atom' && this.#context.isOwn(l.table))
  }

  #feed(sink: Extract<Clause['sink'], { kind: 'group' }>, sign: string): void {
    const group = this.#context.groupByName(sink.group)
    const g = this.#name(group, 'g')
    const keys = this.#name(group.keys, 'r')
    let value = '0'
    if (sink.value) {
      const e = sink.value
      if (e.kind === 'call') {
        const local = this.#arithmetic(e, group.literal)
        value = group.givesIds ? `(${local} === ${local} ? interner.intern(${local}) : -1)` : local
      } else value = group.givesIds ? this.#id(e) : this.#number(e)
    }
    const ids = sink.key.map(index => this.#id({ kind: 'variable', index }))
    const lay = ids.map((id, c) => `${this.#part(keys, 'scratch')}[${c}] = ${id}; `).join('')
    const isFirst = this.#variant.kind === 'full'
    if (group.givesIds || ids.length === 0) this.#emit(`${lay}${g}.feed(${value}, ${sign})`)
    else {
      const out = {
        emit: (line: string) => this.#emit(line),
        fetch: (line: string) => void this.#fetch.add(line),
        leave: (line: string) => void this.#finally.push(line),
      }
      const code = new FeedCode(out, { group, g, keys, ids, hash: bucketCode(ids), lay, value, sign }, isFirst)
      if (isFirst && ids.length === 1 && this.#isWorthTable()) code.writeById()
      else code.write()
    }
    if (value.includes('intern(')) this.#emit('numbers = interner.numbers')
  }

  /** Whether the clause reads enough rows for a table with a place for each id. */
  #isWorthTable(): boolean {
    const rows = this.#clause.body.map(l => (l.kind === 'atom' ? this.#context.rows(l.table, []) : 0))
    return Math.max(0, ...rows) * IDS_PER_ROW >= this.#context.interner.size
  }
}

function countUses({ body, sink }: Clause): Map<number, number> {
  const uses = new Map<number, number>()
  const use = (variable: number) => void uses.set(variable, (uses.get(variable) ?? 0) + 1)
  for (const literal of body) {
    if (literal.kind !== 'atom') outerVariables(literal).forEach(use)
    else for (const arg of literal.args) if (arg.kind === 'variable') use(arg.index)
  }
  if (sink.kind === 'table') termVariables(sink.args).forEach(use)
  else {
    sink.key.forEach(use)
    if (sink.value) exprVariables(sink.value).forEach(use)
  }
  return uses
}

/** Code for the hash that relations and their indexes use: the id itself for one column. */
function bucketCode(key: readonly string[]): string {
  if (key.length === 1) return key[0]!
  // mix(h, k) of tables/hash.ts, unrolled
  return key.reduce((h, k) => `mixed(${h}, ${k})`, '0')
}

function numberCode(n: number): string {
  return Number.isNaN(n) ? 'NaN' : Object.is(n, -0) ? '0' : n < 0 ? `(${n})` : String(n)
}
