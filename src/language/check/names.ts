import { nearestName } from '../../diagnostic/index.ts'
import type { TableSchema } from '../../tables/index.ts'
import type { NameAst, PolicyAst } from '../ast.ts'
import type { Program } from '../core.ts'

/** What a table's name means, read inside a policy. `table` is the full name. */
export interface Resolved {
  readonly table: string
  readonly kind: 'derived' | 'data' | 'unknown'
}

/** The table whose rows the engine may change, and the one that tells what it changed. Always known, data or not. */
export const systemSchemas: readonly TableSchema[] = [
  { table: 'nova:location', columns: [{ name: 'vm' }, { name: 'host' }] },
  { table: 'placement:moved', columns: [{ name: 'vm' }, { name: 'from' }, { name: 'to' }] },
]

/**
 * Who defines what: policies by the heads of their rules, data sources by their schemas.
 *
 * An unqualified name inside policy `m` is m's own table when a rule of m has it as head, else a data source's table without a
 * module, else a data source's `m:name`. A qualified name is that policy's or that data source's table; where both have it, the
 * policy wins. A name that nobody defines stays as it was written, so that rows loaded under it later are found.
 */
export class Names {
  /** For each policy its derived tables, names without the policy. */
  readonly #derived: ReadonlyMap<string, ReadonlySet<string>>
  readonly schemas: ReadonlyMap<string, TableSchema>

  constructor(derived: ReadonlyMap<string, ReadonlySet<string>>, schemas: ReadonlyMap<string, TableSchema>) {
    this.#derived = derived
    this.schemas = schemas
  }

  isPolicy(module: string): boolean {
    return this.#derived.has(module)
  }

  isDerived(policy: string, name: string): boolean {
    return this.#derived.get(policy)?.has(name) ?? false
  }

  /** Some data source gives tables of this module. */
  isModule(module: string): boolean {
    for (const table of this.schemas.keys()) if (table.startsWith(`${module}:`)) return true
    return false
  }

  resolve(policy: string, name: Pick<NameAst, 'module' | 'name'>): Resolved {
    const module = name.module
    if (module !== undefined) {
      const table = `${module}:${name.name}`
      if (this.isDerived(module, name.name)) return { table, kind: 'derived' }
      return { table, kind: this.schemas.has(table) ? 'data' : 'unknown' }
    }
    const own = `${policy}:${name.name}`
    if (this.isDerived(policy, name.name)) return { table: own, kind: 'derived' }
    if (this.schemas.has(name.name)) return { table: name.name, kind: 'data' }
    if (this.schemas.has(own)) return { table: own, kind: 'data' }
    return { table: name.name, kind: 'unknown' }
  }

  /** What to do about a name that resolves to nothing. */
  helpFor(policy: string, name: NameAst): string {
    const same = this.#sameNameElsewhere(policy, name)
    if (same.length > 0) return `did you mean ${quotedList(same, 'or')}?`
    const near = nearestName(written(name), this.#visible(policy))
    if (near !== undefined) return `did you mean \`${near}\`?`
    if (name.module !== undefined && this.isPolicy(name.module))
      return `policy \`${name.module}\` has no rule with the head \`${name.name}\``
    return `write a rule with the head \`${name.name}\`, or load a data source that has this table`
  }

  /** Tables of the same name in other modules, as they would be written in `policy`. */
  #sameNameElsewhere(policy: string, name: NameAst): string[] {
    const found = new Set<string>()
    for (const [other, tables] of this.#derived)
      if (tables.has(name.name)) found.add(other === policy ? name.name : `${other}:${name.name}`)
    for (const table of this.schemas.keys()) if (localName(table) === name.name) found.add(table)
    found.delete(written(name))
    return [...found].sort().slice(0, 3)
  }

  *#visible(policy: string): Iterable<string> {
    for (const [other, tables] of this.#derived)
      for (const table of tables) {
        yield `${other}:${table}`
        if (other === policy) yield table
      }
    yield* this.schemas.keys()
  }
}

/** Names read out of policies; schemas of the data sources, with the system's own where they are missing. */
export function namesOf(policies: readonly PolicyAst[], schemas: Iterable<TableSchema>): Names {
  const derived = new Map<string, Set<string>>()
  for (const policy of policies) {
    const own = derived.get(policy.name) ?? new Set<string>()
    derived.set(policy.name, own)
    for (const statement of policy.statements)
      for (const head of statement.heads) {
        const { module, name } = head.atom.name
        if (head.modal === undefined && (module === undefined || module === policy.name)) own.add(name)
      }
  }
  const byName = new Map<string, TableSchema>()
  for (const schema of schemas) byName.set(schema.table, schema)
  for (const schema of systemSchemas) if (!byName.has(schema.table)) byName.set(schema.table, schema)
  return new Names(derived, byName)
}

/** The same names read out of a checked program, for queries. */
export function namesOfProgram(program: Program): Names {
  const derived = new Map<string, Set<string>>(program.policies.map(p => [p.name, new Set<string>()]))
  for (const info of program.tables.values())
    if (info.kind === 'derived' && info.policy !== undefined && info.name === `${info.policy}:${info.display}`)
      derived.get(info.policy)?.add(info.display)
  return new Names(derived, program.schemas)
}

/** `nova:servers` from its parts. */
export function written(name: Pick<NameAst, 'module' | 'name'>): string {
  return name.module === undefined ? name.name : `${name.module}:${name.name}`
}

function localName(table: string): string {
  return table.slice(table.indexOf(':') + 1)
}

/** `a`, `b` and `c`. */
export function quotedList(names: readonly string[], joiner: 'and' | 'or' = 'and'): string {
  const quoted = names.map(n => `\`${n}\``)
  if (quoted.length < 2) return quoted.join('')
  return `${quoted.slice(0, -1).join(', ')} ${joiner} ${quoted[quoted.length - 1]}`
}
