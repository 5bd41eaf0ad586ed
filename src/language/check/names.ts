import { nearestName } from '../../diagnostic/index.ts'
import type { TableSchema } from '../../tables/index.ts'
import type { Modal, NameAst, PolicyAst } from '../ast.ts'
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

/** A table that a policy defines. */
export interface OwnTable {
  /** Full name, of the first arity where there are several. */
  readonly table: string
  /** Full names by arity, first come first, where rules give it several: `error` and `warning` alone may have them. */
  readonly byArity: ReadonlyMap<number, string> | undefined
}

/**
 * Who defines what: policies by the heads of their rules, data sources by their schemas.
 *
 * An unqualified name inside policy `m` is m's own table when a rule of m has it as head, else a data source's table without a
 * module, else a data source's `m:name`. A qualified name is that policy's or that data source's table; where both have it, the
 * policy wins. A name that nobody defines stays as it was written, so that rows loaded under it later are found.
 *
 * `error` and `warning` may have heads of several arities. Each arity beyond the first is a table of its own, `m:error/1`, and a
 * name means the one with as many columns as it is given arguments, else the first.
 */
export class Names {
  /** For each policy its derived tables, names without the policy. */
  readonly #derived: ReadonlyMap<string, ReadonlyMap<string, OwnTable>>
  readonly schemas: ReadonlyMap<string, TableSchema>
  /** Full names of the tables that have a rule with a modal head: `insert[m:p]`. */
  readonly #modal: ReadonlySet<string>

  constructor(
    derived: ReadonlyMap<string, ReadonlyMap<string, OwnTable>>,
    schemas: ReadonlyMap<string, TableSchema>,
    modal: ReadonlySet<string>,
  ) {
    this.#derived = derived
    this.schemas = schemas
    this.#modal = modal
  }

  isPolicy(module: string): boolean {
    return this.#derived.has(module)
  }

  isDerived(policy: string, name: string): boolean {
    return this.#derived.get(policy)?.has(name) ?? false
  }

  /** The table of a rule's head in its own policy. */
  own(policy: string, name: string, arity: number): string {
    const own = this.#derived.get(policy)?.get(name)
    return own === undefined ? `${policy}:${name}` : ofArity(own, arity)
  }

  /** What a policy calls a derived table, by the table's full name: `error` for `m:error/1`; undefined for any other table. */
  ownName(table: string): string | undefined {
    const colon = table.indexOf(':')
    if (colon < 0) return undefined
    const name = withoutArity(table.slice(colon + 1))
    return this.isDerived(table.slice(0, colon), name) ? name : undefined
  }

  /** The tables that share a name with this one, itself included: several where rules give it several arities. */
  family(table: string): readonly string[] {
    const colon = table.indexOf(':')
    const own =
      colon < 0 ? undefined : this.#derived.get(table.slice(0, colon))?.get(withoutArity(table.slice(colon + 1)))
    return own?.byArity === undefined ? [table] : [...own.byArity.values()]
  }

  /** Some data source gives tables of this module. */
  isModule(module: string): boolean {
    for (const table of this.schemas.keys()) if (table.startsWith(`${module}:`)) return true
    return false
  }

  resolve(policy: string, name: Pick<NameAst, 'module' | 'name'>, arity: number): Resolved {
    const module = name.module
    const defined = this.#derived.get(module ?? policy)?.get(name.name)
    if (defined !== undefined) return { table: ofArity(defined, arity), kind: 'derived' }
    if (module !== undefined) {
      const table = `${module}:${name.name}`
      return { table, kind: this.schemas.has(table) ? 'data' : 'unknown' }
    }
    if (this.schemas.has(name.name)) return { table: name.name, kind: 'data' }
    const own = `${policy}:${name.name}`
    if (this.schemas.has(own)) return { table: own, kind: 'data' }
    return { table: name.name, kind: 'unknown' }
  }

  /** The same for `insert[p(x)]`, of whichever policy's rules. */
  resolveModal(modal: Modal, policy: string, name: Pick<NameAst, 'module' | 'name'>, arity: number): Resolved {
    const table = `${modal}[${this.resolve(policy, name, arity).table}]`
    return { table, kind: this.#modal.has(table) ? 'derived' : 'unknown' }
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
      for (const table of tables.keys()) {
        yield `${other}:${table}`
        if (other === policy) yield table
      }
    yield* this.schemas.keys()
  }
}

/** Names read out of policies; schemas of the data sources, with the system's own where they are missing. */
export function namesOf(policies: readonly PolicyAst[], schemas: Iterable<TableSchema>): Names {
  const byName = new Map<string, TableSchema>()
  for (const schema of schemas) byName.set(schema.table, schema)
  for (const schema of systemSchemas) if (!byName.has(schema.table)) byName.set(schema.table, schema)
  const derived = new Map<string, Map<string, OwnTable>>()
  for (const policy of policies) {
    const own = new Map<string, OwnTable>()
    const arities = new Map<string, Set<number>>()
    derived.set(policy.name, own)
    for (const { heads } of policy.statements)
      for (const { modal, atom } of heads) {
        const { module, name } = atom.name
        if (modal !== undefined || (module !== undefined && module !== policy.name)) continue
        const table = own.get(name)?.table ?? `${policy.name}:${name}`
        if (!own.has(name)) own.set(name, { table, byArity: undefined })
        if (mayVary(name) && atom.named.length === 0 && !byName.has(table))
          arities.set(name, (arities.get(name) ?? new Set()).add(atom.args.length))
      }
    for (const [name, set] of arities) {
      const { table } = own.get(name)!
      const byArity = [...set].map((n, i) => [n, i === 0 ? table : `${table}/${n}`] as const)
      if (set.size > 1) own.set(name, { table, byArity: new Map(byArity) })
    }
  }
  const modalTables = new Set<string>()
  const names = new Names(derived, byName, modalTables)
  for (const policy of policies)
    for (const { heads } of policy.statements)
      for (const { modal, atom } of heads)
        if (modal !== undefined)
          modalTables.add(names.resolveModal(modal, policy.name, atom.name, atom.args.length).table)
  return names
}

/** The same names read out of a checked program, for queries. */
export function namesOfProgram(program: Program): Names {
  const derived = new Map<string, Map<string, OwnTable>>(program.policies.map(p => [p.name, new Map()]))
  const modal = new Set<string>()
  for (const info of program.tables.values()) {
    if (info.kind !== 'derived' || info.policy === undefined) continue
    if (info.name.endsWith(']')) modal.add(info.name)
    const own = derived.get(info.policy)
    if (own === undefined || withoutArity(info.name) !== `${info.policy}:${info.display}`) continue
    // Tables are listed in the order of their heads: what is met first is the first arity.
    const known = own.get(info.display)
    const byArity = new Map([...(known?.byArity ?? []), [info.arity, info.name] as const])
    own.set(info.display, { table: known?.table ?? info.name, byArity })
  }
  return new Names(derived, program.schemas, modal)
}

/** Every tuple of these is one violation, whatever its columns: their rules need not agree on a number of them. */
function mayVary(name: string): boolean {
  return name === 'error' || name === 'warning'
}

function ofArity(own: OwnTable, arity: number): string {
  return own.byArity?.get(arity) ?? own.table
}

/** `m:error` for `m:error/1`. No written name has a `/`. */
function withoutArity(table: string): string {
  const slash = table.lastIndexOf('/')
  return slash < 0 ? table : table.slice(0, slash)
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
