import type { Diagnostic } from '../../diagnostic/index.ts'
import type { TableSchema } from '../../tables/index.ts'
import type { PolicyAst, StatementAst } from '../ast.ts'
import type { CoreRule, Program } from '../core.ts'
import { Arities } from './arity.ts'
import { runLints } from './lints/index.ts'
import { type LoweredHead, type LoweredStatement, lowerStatement } from './lowering.ts'
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
  /** Heads that may become rules; none when the body is unsound. */
  heads: readonly LoweredHead[]
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
  const arities = checkArities(entries, names, report)
  checkRoles(entries, names, report)
  checkSafeties(entries, report)
  const components = checkStrata(entries, names, report)
  unknownTables(entries, names, report)
  const program = assemble(policies, entries, names, arities, components)
  runLints({ entries, program, names }, report)
  return { program, diagnostics: inOrder(diagnostics, policies) }
}

function lowerPolicy(policy: PolicyAst, names: Names, report: Report): Entry[] {
  return policy.statements.map(statement => {
    const lowered = lowerStatement(statement, { policy: policy.name, names, text: policy.text, report })
    return { policy, statement, lowered, heads: lowered.sound ? lowered.heads : [] }
  })
}

/** One arity for each table: the schema's, else the first head's, else the first use's. */
function checkArities(entries: readonly Entry[], names: Names, report: Report): Arities {
  const arities = new Arities()
  for (const schema of names.schemas.values()) arities.settle(schema.table, schema.columns.length, undefined)
  for (const { lowered } of entries)
    for (const head of lowered.heads) arities.settle(head.table, head.args.length, head.atom.span)
  for (const entry of entries) {
    let sound = true
    for (const { table, atom, arity } of entry.lowered.uses)
      sound = arities.check(table, written(atom.name), arity, atom.span, report) && sound
    const agrees = (head: LoweredHead) => {
      const { table, base, display, args, atom, modal } = head
      const name = modal === undefined ? written(atom.name) : display
      if (!arities.check(table, name, args.length, atom.span, report)) return false
      const isTable = modal !== undefined && modal !== 'execute' && arities.arity(base) !== undefined
      return !isTable || arities.check(base, name, args.length, atom.span, report)
    }
    const agreeing = new Set(entry.lowered.heads.filter(agrees))
    entry.heads = sound ? entry.heads.filter(h => agreeing.has(h)) : []
  }
  return arities
}

function checkRoles(entries: readonly Entry[], names: Names, report: Report): void {
  const isDerived = (table: string) => {
    const colon = table.indexOf(':')
    return colon >= 0 && names.isDerived(table.slice(0, colon), table.slice(colon + 1))
  }
  for (const entry of entries) {
    const fit = new Set(entry.lowered.heads.filter(h => checkRole(h, isDerived, report)))
    entry.heads = entry.heads.filter(h => fit.has(h))
  }
}

function checkSafeties(entries: readonly Entry[], report: Report): void {
  for (const entry of entries) {
    const { statement, lowered } = entry
    const first = statement.heads[0]
    const name = lowered.heads[0]?.display ?? (first ? written(first.atom.name) : '')
    const kind = statement.body === undefined ? 'fact' : 'rule'
    if (!checkSafety(lowered, { kind, name, span: statement.span }, report)) entry.heads = []
  }
}

/** Order the derived tables. Rules that close a circle through `not` or an aggregate are left out of the program. */
function checkStrata(entries: readonly Entry[], names: Names, report: Report): readonly (readonly string[])[] {
  const tables = new Set(entries.flatMap(e => e.lowered.heads.map(h => h.table)))
  const first = stratify(tables, entries.flatMap(dependenciesOf))
  if (first.cycles.length === 0) return first.components
  for (const cycle of first.cycles) report(stratificationError(cycle, names))
  const componentOf = new Map(first.components.flatMap((members, c) => members.map(m => [m, c] as const)))
  for (const entry of entries)
    entry.heads = entry.heads.filter(head =>
      entry.lowered.uses.every(u => !u.strict || componentOf.get(u.table) !== componentOf.get(head.table)),
    )
  return stratify(tables, entries.flatMap(dependenciesOf)).components
}

function dependenciesOf(entry: Entry): Dependency[] {
  return entry.heads.flatMap(head =>
    entry.lowered.uses.map(u => ({ from: head.table, to: u.table, strict: u.strict, span: u.atom.span })),
  )
}

function assemble(
  policies: readonly PolicyAst[],
  entries: readonly Entry[],
  names: Names,
  arities: Arities,
  strata: Program['strata'],
): Program {
  const rules: CoreRule[] = []
  const texts = new Map<PolicyAst, StatementTexts>()
  for (const { policy, statement, lowered, heads } of entries) {
    const own = texts.get(policy) ?? new StatementTexts(policy)
    texts.set(policy, own)
    const { text, comments } = own.of(statement)
    for (const { modal, table, args, span } of heads)
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
    sources: new Map(policies.map(p => [p.file, p.text])),
  }
}

function inOrder(diagnostics: readonly Diagnostic[], policies: readonly PolicyAst[]): Diagnostic[] {
  const rank = new Map(policies.map((p, i) => [p.file, i]))
  const key = (d: Diagnostic) => (d.span ? (rank.get(d.span.file) ?? policies.length) : policies.length)
  return [...diagnostics].sort((a, b) => key(a) - key(b) || (a.span?.start ?? 0) - (b.span?.start ?? 0))
}
