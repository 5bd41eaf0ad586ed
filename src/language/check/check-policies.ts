import type { Diagnostic } from '../../diagnostic/index.ts'
import type { TableSchema } from '../../tables/index.ts'
import type { PolicyAst, StatementAst } from '../ast.ts'
import type { CoreRule, Program } from '../core.ts'
import { Arities } from './arity.ts'
import { runLints } from './lints/index.ts'
import { type LoweredHead, type LoweredStatement, lowerStatements } from './lowering.ts'
import { type Names, namesOf, written } from './names.ts'
import { emptyPolicies, foreignNames, uniquePolicies } from './policy-names.ts'
import { checkRole } from './roles.ts'
import { checkSafety } from './safety.ts'
import { StatementTexts } from './statement-text.ts'
import { type Dependency, stratify } from './stratify.ts'
import { stratificationError } from './stratify-error.ts'
import { tableInfos } from './table-infos.ts'
import { unknownTables } from './unknown-tables.ts'

export interface CheckOptions {
  /** Tables of the data sources. `nova:location` and `placement:moved` are known without. */
  readonly schemas: Iterable<TableSchema>
}

export interface CheckResult {
  /** The rules that are sound: everything that a diagnostic of severity error speaks of has been left out. */
  readonly program: Program
  /** Errors and warnings of all files, in order of file and place. */
  readonly diagnostics: Diagnostic[]
}

/** A statement on its way through the checks. */
export interface Entry {
  readonly policy: PolicyAst
  readonly statement: StatementAst
  readonly lowered: LoweredStatement
  /** Heads that no check has refused so far: they become rules. None when the body is unsound. */
  candidates: readonly LoweredHead[]
}

type Report = (d: Diagnostic) => void

/**
 * Check policies together and lower them to core rules. Pure; bad input gives diagnostics, never a throw.
 *
 * The passes run in the order they stand here. A later pass judges what earlier ones refused too, as far as that makes no errors
 * of errors, so that all findings come at once.
 */
export function checkPolicies(policies: readonly PolicyAst[], options: CheckOptions): CheckResult {
  const diagnostics: Diagnostic[] = []
  const report: Report = d => diagnostics.push(d)
  const unique = uniquePolicies(policies, report)
  const names = namesOf(unique, options.schemas)

  emptyPolicies(unique, report)
  foreignNames(unique, names, report)
  const entries = unique.flatMap(policy => lowerPolicy(policy, names, report))
  checkRoles(entries, names, report)
  const arities = checkArities(entries, names, report)
  checkSafeties(entries, report)
  const components = checkStrata(entries, names, report)
  unknownTables(entries, names, report)
  const program = assemble(unique, policies, entries, names, arities, components)
  runLints({ entries, program, names }, report)
  return { program, diagnostics: inOrder(diagnostics, policies) }
}

function lowerPolicy(policy: PolicyAst, names: Names, report: Report): Entry[] {
  const { name, text, statements } = policy
  return lowerStatements(statements, { policy: name, names, text, report }).map((lowered, i) => ({
    policy,
    statement: statements[i]!,
    lowered,
    candidates: lowered.heads,
  }))
}

/** Those that pass; the list itself where all do, as nearly always. */
function kept<T>(list: readonly T[], passes: (item: T) => boolean): readonly T[] {
  for (let i = 0; i < list.length; i++)
    if (!passes(list[i]!)) return [...list.slice(0, i), ...list.slice(i + 1).filter(passes)]
  return list
}

function checkRoles(entries: readonly Entry[], names: Names, report: Report): void {
  const isDerived = (table: string) => names.ownName(table) !== undefined
  const passes = (head: LoweredHead) => checkRole(head, isDerived, report)
  for (const entry of entries) entry.candidates = kept(entry.candidates, passes)
}

/**
 * One arity for each table: the schema's, else the first head's, else the first use's. What policies call `error` and `warning` may
 * be several tables, see `Names`.
 */
function checkArities(entries: readonly Entry[], names: Names, report: Report): Arities {
  const arities = new Arities(table => names.family(table))
  for (const schema of names.schemas.values()) arities.settle(schema.table, schema.columns.length, undefined)
  for (const { candidates } of entries)
    for (const head of candidates) arities.settle(head.table, head.args.length, head.atom.span)
  const agrees = (head: LoweredHead) => headAgrees(head, arities, report)
  for (const entry of entries) {
    const { uses } = entry.lowered
    let sound = true
    for (const { table, atom, display, arity } of uses)
      sound = arities.check(table, { name: display, arity, span: atom.span, isHead: false }, report) && sound
    entry.candidates = kept(entry.candidates, agrees)
    if (!sound) entry.candidates = []
  }
  return arities
}

/** A head of a modal agrees with the table it speaks of, too, if that table is known. */
function headAgrees(head: LoweredHead, arities: Arities, report: Report): boolean {
  const { table, base, display, args, atom, modal } = head
  if (modal === undefined && arities.arity(table) === args.length) return true
  const name = modal === undefined ? written(atom.name) : display
  const use = { name, arity: args.length, span: atom.span, isHead: true }
  if (!arities.check(table, use, report)) return false
  const speaksOfTable = modal !== undefined && modal !== 'execute' && arities.arity(base) !== undefined
  return !speaksOfTable || arities.check(base, use, report)
}

function checkSafeties(entries: readonly Entry[], report: Report): void {
  for (const entry of entries) {
    const { statement, lowered } = entry
    if (lowered.sound && lowered.body.length === 0 && lowered.variables.length === 0) continue
    const first = statement.heads[0]
    const name = lowered.heads[0]?.display ?? (first ? written(first.atom.name) : '')
    const kind = statement.body === undefined ? 'fact' : 'rule'
    const safe = checkSafety(lowered, { kind, name, span: statement.span }, report)
    if (!safe || !lowered.sound) entry.candidates = []
  }
}

/** Order the derived tables. Rules that close a circle through `not` or an aggregate are left out of the program. */
function checkStrata(entries: readonly Entry[], names: Names, report: Report): readonly (readonly string[])[] {
  const tables = new Set<string>()
  for (const { lowered } of entries) for (const head of lowered.heads) tables.add(head.table)
  const reading = entries.filter(e => e.lowered.uses.length > 0)
  const first = stratify(
    tables,
    reading.flatMap(e => dependencies(e, e.lowered.heads)),
  )
  if (first.cycles.length === 0) return first.components
  for (const cycle of first.cycles) report(stratificationError(cycle, names))
  const componentOf = new Map(first.components.flatMap((members, c) => members.map(m => [m, c] as const)))
  for (const entry of reading)
    entry.candidates = entry.candidates.filter(head =>
      entry.lowered.uses.every(u => !u.strict || componentOf.get(u.table) !== componentOf.get(head.table)),
    )
  return stratify(
    tables,
    reading.flatMap(e => dependencies(e, e.candidates)),
  ).components
}

function dependencies(entry: Entry, heads: readonly LoweredHead[]): Dependency[] {
  return heads.flatMap(head =>
    entry.lowered.uses.map(u => ({ from: head.table, to: u.table, strict: u.strict, span: u.atom.span })),
  )
}

function assemble(
  policies: readonly PolicyAst[],
  files: readonly PolicyAst[],
  entries: readonly Entry[],
  names: Names,
  arities: Arities,
  strata: Program['strata'],
): Program {
  const rules: CoreRule[] = []
  let texts: StatementTexts | undefined
  for (const { policy, statement, lowered, candidates } of entries) {
    if (texts?.policy !== policy) texts = new StatementTexts(policy)
    const { text, comments } = texts.of(statement)
    for (const { modal, table, args, span } of candidates)
      rules.push({
        id: rules.length,
        policy: policy.name,
        modal,
        head: { table, args, span },
        body: lowered.body,
        variables: lowered.variables,
        span: statement.span,
        text,
        comments,
      })
  }
  return {
    policies: policies.map(p => ({ name: p.name, file: p.file })),
    rules,
    tables: tableInfos(entries, names, arities),
    schemas: names.schemas,
    strata,
    sources: new Map(files.map(p => [p.file, p.text])),
  }
}

function inOrder(diagnostics: readonly Diagnostic[], policies: readonly PolicyAst[]): Diagnostic[] {
  const rank = new Map(policies.map((p, i) => [p.file, i]))
  const key = (d: Diagnostic) => (d.span ? (rank.get(d.span.file) ?? policies.length) : policies.length)
  return [...diagnostics].sort((a, b) => key(a) - key(b) || (a.span?.start ?? 0) - (b.span?.start ?? 0))
}
