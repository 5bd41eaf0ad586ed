import type { AtomLiteral, CompareLiteral, CoreExpr, CoreLiteral, CoreRule, Program } from '../../src/language/index.ts'
import type { TableData, Value } from '../../src/tables/index.ts'

/** Thrown where a program leaves what clingo and Usher share; its message says why. */
export class Outside extends Error {}

/**
 * A program and its data for clingo. Values are terms that keep kinds apart: n(3), s("a"), b(true), z. A comparison of order becomes two
 * alternatives, one for numbers and one for strings. Where arithmetic fails in Usher, no term unifies in clingo. Each table's name
 * begins with `prefix`, so that many programs can be solved at once.
 */
export function toAsp(program: Program, data: readonly TableData[], prefix: string): string {
  const name = (table: string) => {
    if (!/^[a-z0-9_:]+$/i.test(table)) throw new Outside(`a table named ${table}`)
    return `${prefix}${table.replace(':', '__')}`
  }
  const lines: string[] = []
  for (const { schema, rows } of data) {
    for (const row of rows) lines.push(`${name(schema.table)}(${row.map(constant).join(',')}).`)
    lines.push(`#defined ${name(schema.table)}/${schema.columns.length}.`)
  }
  for (const { name: table, kind, arity } of program.tables.values()) {
    lines.push(kind === 'derived' ? `#show ${name(table)}/${arity}.` : '', `#defined ${name(table)}/${arity}.`)
    if (arity === 0) throw new Outside('a table without columns')
  }
  for (const rule of program.rules) lines.push(...new RuleText(rule, name).lines())
  return lines.join('\n')
}

export function constant(value: Value): string {
  if (value === null) return 'z'
  if (typeof value === 'boolean') return `b(${value})`
  if (typeof value === 'string') {
    if (!/^[\x20-\x7e]*$/.test(value)) throw new Outside('a text beyond ASCII')
    return `s(${JSON.stringify(value)})`
  }
  if (!Number.isInteger(value) || Math.abs(value) > 1000) throw new Outside('a number that is no small integer')
  return `n(${value})`
}

/** Ways a literal can hold: each a list of conditions that hold together. */
type Alternatives = readonly (readonly string[])[]

class RuleText {
  readonly #rule: CoreRule
  readonly #name: (table: string) => string
  #fresh = 0

  constructor(rule: CoreRule, name: (table: string) => string) {
    this.#rule = rule
    this.#name = name
  }

  lines(): string[] {
    const { head, body } = this.#rule
    const text = `${this.#name(head.table)}(${head.args.map(a => this.#term(a)).join(',')})`
    return this.#all(body).map(conditions =>
      conditions.length === 0 ? `${text}.` : `${text} :- ${conditions.join(', ')}.`,
    )
  }

  #all(literals: readonly CoreLiteral[]): Alternatives {
    let all: Alternatives = [[]]
    for (const l of literals) {
      const ways = this.#literal(l)
      all = all.flatMap(before => ways.map(way => [...before, ...way]))
    }
    return all
  }

  #literal(l: CoreLiteral): Alternatives {
    switch (l.kind) {
      case 'atom':
        return [[this.#atom(l)]]
      case 'compare':
        return this.#compare(l)
      case 'aggregate':
        return this.#aggregate(l)
      case 'builtin':
        throw new Outside(`builtin ${l.name}`)
    }
  }

  #atom(l: AtomLiteral): string {
    const args = l.args.map(a => (a.kind === 'wildcard' ? '_' : this.#term(a)))
    return `${l.negated ? 'not ' : ''}${this.#name(l.table)}(${args.join(',')})`
  }

  #compare(l: CompareLiteral): Alternatives {
    if (l.negated) throw new Outside('a negated comparison')
    if (l.operator === '=' || l.operator === '!=') {
      const left = this.#value(l.left)
      const right = this.#value(l.right)
      return [[...left.conditions, ...right.conditions, `${left.term} ${l.operator} ${right.term}`]]
    }
    return (['n', 's'] as const).map(kind => {
      const left = this.#open(l.left, kind)
      const right = this.#open(l.right, kind)
      return [...left.conditions, ...right.conditions, `${left.term} ${l.operator} ${right.term}`]
    })
  }

  /** The wrapped value of an expression. */
  #value(e: CoreExpr): { term: string; conditions: string[] } {
    if (e.kind !== 'call') return { term: this.#term(e), conditions: [] }
    const { term, conditions } = this.#open(e, 'n')
    return { term: `n(${term})`, conditions }
  }

  /** What is inside the wrapping of a kind; the conditions fail for a value of another kind. */
  #open(e: CoreExpr, kind: 'n' | 's'): { term: string; conditions: string[] } {
    const inside = `A${++this.#fresh}`
    if (e.kind !== 'call') return { term: inside, conditions: [`${this.#term(e)} = ${kind}(${inside})`] }
    if (kind === 's') return { term: inside, conditions: [`${inside} = 0`, '#false'] }
    const args = e.args.map(a => this.#open(a, 'n'))
    const [a, b] = args.map(arg => arg.term)
    const text = { '+': `${a}+${b}`, '-': `${a}-${b}`, '*': `${a}*${b}`, neg: `-${a}`, abs: `|${a}|` } as const
    if (!(e.function in text)) throw new Outside(`function ${e.function}`)
    const result = text[e.function as keyof typeof text]
    return { term: inside, conditions: [...args.flatMap(arg => arg.conditions), `${inside} = ${result}`] }
  }

  #aggregate(l: Extract<CoreLiteral, { kind: 'aggregate' }>): Alternatives {
    const groups = new Set(l.groupBy)
    const locals = [...variablesOf(l.body)].filter(v => !groups.has(v)).map(v => `X${v}`)
    const binding = locals.length > 0 ? locals.join(',') : '0'
    const bodies = this.#all(l.body)
    const result = this.#term(l.result)
    const [number, all, good] = [`A${++this.#fresh}`, `A${++this.#fresh}`, `A${++this.#fresh}`]
    const elements = (tuple: string, more: readonly string[] = []) =>
      bodies.map(conditions => `${tuple} : ${[...conditions, ...more].join(', ')}`).join(' ; ')
    const count = `${all} = #count { ${elements(binding)} }`
    if (l.operator === 'count') return [[count, `${result} = n(${all})`]]
    if (l.operator === 'mean') throw new Outside('mean')
    return (l.operator === 'sum' ? (['n'] as const) : (['n', 's'] as const)).map(kind => {
      const { term, conditions } = this.#open(l.value!, kind)
      return [
        count,
        `${good} = #count { ${elements(`${term},${binding}`, conditions)} }`,
        `${all} = ${good}`,
        ...(l.operator === 'sum' ? [] : [`${all} > 0`]),
        `${number} = #${l.operator} { ${elements(`${term},${binding}`, conditions)} }`,
        `${result} = ${kind}(${number})`,
      ]
    })
  }

  #term(t: CoreExpr): string {
    if (t.kind === 'constant') return constant(t.value)
    if (t.kind === 'variable') return `X${t.index}`
    throw new Error('a call is no term')
  }
}

/** Variables of the braces themselves; those of braces inside them are not theirs. */
function variablesOf(body: readonly CoreLiteral[]): Set<number> {
  const found = new Set<number>()
  const visit = (e: CoreExpr | { readonly kind: 'wildcard' }): void => {
    if (e.kind === 'variable') found.add(e.index)
    if (e.kind === 'call') e.args.forEach(visit)
  }
  for (const l of body) {
    if (l.kind === 'atom') l.args.forEach(visit)
    else if (l.kind === 'compare') [l.left, l.right].forEach(visit)
    else if (l.kind === 'aggregate') throw new Outside('braces inside braces')
  }
  return found
}
