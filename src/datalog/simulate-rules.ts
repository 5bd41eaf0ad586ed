import { type Diagnostic, DiagnosticError, fail, type Span } from '../diagnostic/index.ts'
import { type CoreRule, checkPolicies, type Program, parsePolicy, renderRule } from '../language/index.ts'
import type { Tuple } from './types.ts'

/** A program with some rules more and some less than the one it began as. */
export class RuleEdits {
  readonly #base: Program
  readonly #added: { readonly policy: string; readonly text: string; readonly key: string }[] = []
  readonly #removed = new Set<string>()
  program: Program

  constructor(base: Program) {
    this.#base = base
    this.program = base
  }

  /** The same edits, to be carried on apart from these. */
  copy(): RuleEdits {
    const copy = new RuleEdits(this.#base)
    copy.#added.push(...this.#added)
    for (const key of this.#removed) copy.#removed.add(key)
    copy.program = this.program
    return copy
  }

  /** Add a rule to a policy. Throws what the checker says of the rules with it. */
  add(policy: string, text: string, span: Span): void {
    const { program, keys } = this.#checked(policy, text, span)
    for (const key of keys) {
      this.#removed.delete(key)
      this.#added.push({ policy, text, key })
    }
    this.program = this.#without(program)
  }

  /** Remove the rule that says the same, whatever its variables are called; nothing happens where there is none. */
  remove(policy: string, text: string, span: Span): void {
    for (const key of this.#checked(policy, text, span).keys) this.#drop(key)
  }

  /** Remove the facts of policies that state a tuple; false when none does. */
  removeFact({ table, row }: Tuple): boolean {
    const facts = this.program.rules.filter(
      ({ head, body }) =>
        body.length === 0 &&
        head.table === table &&
        head.args.every((arg, i) => arg.kind === 'constant' && arg.value === row[i]),
    )
    for (const fact of facts) this.#drop(keyOf(this.program, fact))
    return facts.length > 0
  }

  #drop(key: string): void {
    const at = this.#added.findIndex(a => a.key === key)
    if (at >= 0) this.#added.splice(at, 1)
    this.#removed.add(key)
    this.program = this.#without(this.program)
  }

  #without(program: Program): Program {
    if (this.#removed.size === 0) return program
    const rules = program.rules.filter(rule => !this.#removed.has(keyOf(program, rule)))
    return { ...program, rules: rules.map((rule, id) => ({ ...rule, id })) }
  }

  /** The program with every added rule and this one more, and what this one's rules are called. */
  #checked(policy: string, text: string, span: Span): { program: Program; keys: readonly string[] } {
    const { policies, sources, schemas } = this.#base
    let from = 0
    const owner = policies.find(p => p.name === policy)
    if (!owner)
      fail('datalog/bad-step', `there is no policy \`${policy}\` to change`, { span, help: 'name one of the policies' })
    const parsed = policies.map(({ name, file }) => {
      const added = this.#added.filter(a => a.policy === name).map(a => a.text)
      let whole = [sources.get(file) ?? '', ...added].join('\n')
      if (name === policy) {
        from = whole.length + 1
        whole += `\n${text}`
      }
      return parsePolicy(whole, file)
    })
    const { program, diagnostics } = checkPolicies(
      parsed.map(p => p.policy),
      { schemas: schemas.values() },
    )
    const isNew = (at: Span | undefined) => at !== undefined && at.file === owner.file && at.start >= from
    const errors = [...parsed.flatMap(p => p.diagnostics), ...diagnostics].filter(
      // Read as empty, a slip in the new rule would pass for an answer.
      d => d.severity === 'error' || (d.code === 'language/unknown-table' && isNew(d.span)),
    )
    if (errors.length > 0) throw new DiagnosticError(errors.map(d => atStep(d, isNew(d.span), span)))
    const rules = program.rules.filter(rule => isNew(rule.span))
    return { program, keys: rules.map(rule => keyOf(program, rule)) }
  }
}

/** What is wrong with the added text stands in the step, not behind the end of the policy's file. */
function atStep(d: Diagnostic, isNew: boolean, span: Span): Diagnostic {
  return isNew ? { ...d, severity: 'error', span } : d
}

/** Equal for rules that say the same. */
function keyOf(program: Program, rule: CoreRule): string {
  const text = renderRule(program, { ...rule, variables: rule.variables.map((_, i) => `v${i}`) })
  return `${rule.policy} ${rule.head.table} ${text}`
}
