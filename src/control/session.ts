import { createEvaluator, type Evaluator, type QueryAnswer, type Tuple } from '../datalog/index.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'
import { checkPolicies, checkQuery, type PolicyAst, type Program, parsePolicy, QUERY } from '../language/index.ts'
import type { Snapshot } from '../tables/index.ts'
import { readTupleText } from './evaluate.ts'
import { readPolicyFiles, type Sources } from './policy-files.ts'
import { examine, UNKNOWN_TABLE } from './world.ts'

/** The file name of what is typed; its policy's name is the part without brackets. */
export const TYPED = '<repl>'
const TYPED_POLICY = 'repl'

/**
 * Policies, data and typed rules that grow as a person works with them. Each method either does what it says, or throws a
 * `DiagnosticError` and leaves the session as it was. Warnings about what was just added are given back.
 */
export class Session {
  readonly #sources: Sources
  #files: readonly { readonly file: string; readonly text: string }[] = []
  #tables: Snapshot = new Map()
  #typed = ''
  program: Program
  evaluator: Evaluator

  constructor(sources: Sources) {
    this.#sources = sources
    this.program = this.#check([], '', this.#tables).program
    this.evaluator = this.#evaluatorOf(this.program, this.#tables)
  }

  /** Read policy files, again those that were read before. */
  async load(files: readonly string[]): Promise<readonly Diagnostic[]> {
    const read = await readPolicyFiles(files, this.#sources)
    const all = [...this.#files.filter(old => !read.some(f => f.file === old.file)), ...read]
    const { program, warnings } = this.#check(all, this.#typed, this.#tables)
    this.#change(program)
    this.#files = all
    return warnings.filter(d => d.span && files.includes(d.span.file))
  }

  /** Read a folder of tables, with changes on top, in place of the data so far. */
  async data(folder: string, change: readonly string[] = []): Promise<readonly Diagnostic[]> {
    const { tables, diagnostics } = await examine({ policies: [], data: folder, change }, this.#sources)
    const { program } = this.#check(this.#files, this.#typed, tables)
    const evaluator = this.#evaluatorOf(program, tables)
    this.program = program
    this.evaluator = evaluator
    this.#tables = tables
    return diagnostics
  }

  /** Whether a text goes on: it ends where a rule can not. */
  isUnfinished(text: string): boolean {
    const { diagnostics } = parsePolicy(text, TYPED)
    return diagnostics.length > 0 && diagnostics.every(d => (d.span?.end ?? 0) >= text.trimEnd().length)
  }

  /** Add rules and facts to the policy of what is typed. A text that is refused stays in the sources, for the message's excerpt. */
  add(text: string): readonly Diagnostic[] {
    const from = this.#typed.length
    const typed = `${this.#typed}${text}\n`
    const { program, warnings } = this.#check(this.#files, typed, this.#tables)
    this.#change(program)
    this.#typed = typed
    return warnings.filter(d => d.span?.file === TYPED && d.span.start >= from)
  }

  get typed(): string {
    return this.#typed
  }

  /** Rows of a query, its names read as inside the first policy that knows them all; what is typed comes first. */
  ask(text: string): QueryAnswer {
    this.#sources.set(QUERY, text)
    // The policy of what is typed is the last.
    const readers = this.program.policies.map(p => p.name).toReversed()
    const findings = (readers.length > 0 ? readers : [undefined]).map(
      reader => checkQuery(text, this.program, reader).diagnostics,
    )
    const reader = findings.findIndex(ds => !ds.some(isRefusal))
    if (reader >= 0) return this.evaluator.query(text, readers[reader])
    const refusal = findings.find(ds => !ds.some(d => d.code === UNKNOWN_TABLE)) ?? findings[0] ?? []
    throw new DiagnosticError(refusal.map(d => ({ ...d, severity: 'error' })))
  }

  tuple(text: string): Tuple {
    return readTupleText(text, this.program, this.evaluator.view, this.#sources)
  }

  #check(
    files: readonly { readonly file: string; readonly text: string }[],
    typed: string,
    tables: Snapshot,
  ): { program: Program; warnings: readonly Diagnostic[] } {
    this.#sources.set(TYPED, typed)
    const own = parsePolicy(typed, TYPED)
    const ownPolicy: PolicyAst = { ...own.policy, name: TYPED_POLICY }
    const parsed = files.map(({ file, text }) => parsePolicy(text, file))
    const schemas = [...tables.values()].map(t => t.schema)
    const policies = [...parsed.map(p => p.policy), ...(typed === '' ? [] : [ownPolicy])]
    const { program, diagnostics } = checkPolicies(policies, { schemas })
    const all = [...parsed.flatMap(p => p.diagnostics), ...own.diagnostics, ...diagnostics]
    if (all.some(d => d.severity === 'error')) throw new DiagnosticError(all.filter(d => d.severity === 'error'))
    return { program, warnings: all }
  }

  #change(program: Program): void {
    this.evaluator.changeRules(program)
    this.program = program
  }

  #evaluatorOf(program: Program, tables: Snapshot): Evaluator {
    const evaluator = createEvaluator(program, { profile: true })
    evaluator.load(tables.values())
    return evaluator
  }
}

function isRefusal(d: Diagnostic): boolean {
  return d.severity === 'error' || d.code === UNKNOWN_TABLE
}
