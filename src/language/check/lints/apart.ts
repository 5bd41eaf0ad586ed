import type { CoreLiteral, CoreTerm, Wildcard } from '../../core.ts'
import type { Entry } from '../check-policies.ts'
import type { LoweredHead } from '../lowering.ts'
import { variablesIn } from '../variables.ts'
import { Equalities } from './equalities.ts'

/** Longer chains of tables than this are not followed: the call stack is finite, and a lint may miss some. */
const MAX_DEPTH = 50

interface TableRule {
  readonly head: LoweredHead
  readonly body: readonly CoreLiteral[]
}

/**
 * Knows which variables, and which columns of derived tables, can never have the same value: each rule of the table compares them,
 * gives them different constants, or takes them from a table whose columns are apart. Worked out when asked, a table once.
 */
export class Apart {
  #depth = 0
  readonly #entries: readonly Entry[]
  #rules: ReadonlyMap<string, readonly TableRule[]> | undefined
  readonly #known = new Map<string, boolean>()

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  /** Some literal of the body keeps two variables apart. */
  variables(x: number, y: number, body: readonly CoreLiteral[], equal: Equalities): boolean {
    return equal.differ(x, y) || body.some(l => this.#literal(l, x, y, equal))
  }

  #literal(literal: CoreLiteral, x: number, y: number, equal: Equalities): boolean {
    if (literal.kind === 'atom' && !literal.negated)
      return this.#atom(
        literal.table,
        columnsOf(literal.args, v => equal.same(v, x)),
        columnsOf(literal.args, v => equal.same(v, y)),
      )
    if (literal.kind === 'compare' && literal.operator === '=' && !literal.negated) return false
    const mentioned = variablesIn(literal)
    return mentioned.some(v => equal.same(v, x)) && mentioned.some(v => equal.same(v, y))
  }

  #atom(table: string, xs: readonly number[], ys: readonly number[]): boolean {
    return xs.some(i => ys.some(j => this.#columns(table, i, j)))
  }

  #columns(table: string, i: number, j: number): boolean {
    this.#rules ??= rulesByTable(this.#entries)
    const rules = this.#rules.get(table)
    if (rules === undefined || this.#depth > MAX_DEPTH) return false
    const key = `${table}\n${i}\n${j}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    // A circle proves nothing, so it counts as not apart.
    this.#known.set(key, false)
    this.#depth++
    const apart = rules.every(({ head, body }) => {
      const a = head.args[i]
      const b = head.args[j]
      if (a?.kind === 'constant' && b?.kind === 'constant') return a.value !== b.value
      if (a?.kind !== 'variable' || b?.kind !== 'variable') return false
      return this.variables(a.index, b.index, body, new Equalities(body))
    })
    this.#depth--
    this.#known.set(key, apart)
    return apart
  }
}

function columnsOf(args: readonly (CoreTerm | Wildcard)[], matches: (v: number) => boolean): number[] {
  return args.flatMap((a, i) => (a.kind === 'variable' && matches(a.index) ? [i] : []))
}

function rulesByTable(entries: readonly Entry[]): Map<string, TableRule[]> {
  const rules = new Map<string, TableRule[]>()
  for (const { candidates, lowered } of entries)
    for (const head of candidates) {
      const list = rules.get(head.table)
      const rule = { head, body: lowered.body }
      if (list) list.push(rule)
      else rules.set(head.table, [rule])
    }
  return rules
}
