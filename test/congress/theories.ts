import { createEvaluator, type Evaluator } from '../../src/datalog/index.ts'
import type { Diagnostic } from '../../src/diagnostic/index.ts'
import { checkPolicies, type Program, parsePolicy, renderRule } from '../../src/language/index.ts'
import type { Row, TableSchema, Value } from '../../src/tables/index.ts'
import type { Operation } from './cases.ts'

/** Policies that grow and shrink by whole statements, as Congress's theories do. A statement is there once or not at all. */
export class Theories {
  readonly #texts = new Map<string, string[]>()

  constructor(names: Iterable<string>) {
    for (const name of names) this.#texts.set(name, [])
  }

  /** Do an operation; false for one that has no counterpart here. */
  apply([verb, policy, detail]: Operation): boolean {
    if (verb === 'delete_policy' && policy !== null) return this.#texts.delete(policy) || true
    if (policy === null) return false
    const own = this.#texts.get(policy) ?? []
    this.#texts.set(policy, own)
    if (verb === 'insert') own.push(...statements(String(detail)))
    else if (verb === 'delete') {
      const gone = new Set(statements(String(detail)).map(canonical))
      this.#texts.set(
        policy,
        own.filter(s => !gone.has(canonical(s))),
      )
    } else if (verb === 'initialize_tables') {
      const { tables, facts } = detail as { tables: string[]; facts: string[] }
      const kept = own.filter(s => !tables.some(t => s.startsWith(`${t}(`) && !s.includes(':-')))
      this.#texts.set(policy, [...kept, ...facts])
    } else return false
    return true
  }

  statements(policy: string): string[] {
    return this.#texts.get(policy) ?? []
  }

  /** Check all policies that have statements. */
  check(schemas: readonly TableSchema[] = []): { program: Program; errors: Diagnostic[] } {
    const parsed = [...this.#texts]
      .filter(([, own]) => own.length > 0)
      .map(([n, own]) => parsePolicy(own.join('\n'), n))
    const { program, diagnostics } = checkPolicies(
      parsed.map(p => p.policy),
      { schemas },
    )
    const all = [...parsed.flatMap(p => p.diagnostics), ...diagnostics]
    return { program, errors: all.filter(d => d.severity === 'error') }
  }

  evaluator(): Evaluator {
    const { program, errors } = this.check()
    if (errors.length > 0) throw new Error(errors.map(e => e.message).join('; '))
    const evaluator = createEvaluator(program, { clock: () => new Date(0) })
    evaluator.load([])
    return evaluator
  }
}

/** The statements of a text, each as written. A text that does not parse is kept whole, so that its errors come out. */
function statements(text: string): string[] {
  const { policy, diagnostics } = parsePolicy(text, 'text')
  if (diagnostics.length > 0) return [text]
  return policy.statements.map(s => text.slice(s.span.start, s.span.end))
}

/** A statement with its variables renamed in order: equal for statements that say the same. */
export function canonical(statement: string): string {
  const { policy } = parsePolicy(statement, 'text')
  const { program } = checkPolicies([policy], { schemas: [] })
  return program.rules
    .map(rule => renderRule(program, { ...rule, variables: rule.variables.map((_, i) => `v${i}`) }))
    .join(' ')
}

/** Facts written as text, as `table(row)` strings that compare as values do. */
export function factTexts(text: string): string[] {
  const { policy } = parsePolicy(text, 'expected')
  const { program } = checkPolicies([policy], { schemas: [] })
  return unique(program.rules.map(r => tupleText(r.head.table.replace(/^expected:/, ''), r.head.args.map(constantOf))))
}

function constantOf(term: { readonly kind: string; readonly value?: Value }): Value {
  return term.value ?? null
}

export function tupleText(table: string, row: Row): string {
  return `${table}(${row.map(v => JSON.stringify(v)).join(', ')})`
}

export function unique(list: readonly string[]): string[] {
  return [...new Set(list)].sort()
}
