import { createHash } from 'node:crypto'
import type { Span } from '../../diagnostic/index.ts'
import type { AggregateLiteral, AtomLiteral } from '../../language/index.ts'
import type { Clause, ClauseComponent, LoweredProgram } from './lower.ts'

/**
 * For each table and group that clauses fill, a text that is equal in two programs when it holds the same in both over the same data: a
 * digest of its clauses, in which what they read stands as its own digest. Names that lowering made up do not count, nor does the
 * order of rules. With `places`, rules at other places are other rules.
 */
export function signaturesOf(lowered: LoweredProgram, places: boolean): ReadonlyMap<string, string> {
  const signatures = new Map<string, string>()
  for (const component of lowered.components) {
    const own = new Set(component.recursive ? component.nodes : [])
    const refer = (node: string) => (own.has(node) ? node : referTo(node, signatures))
    const clauses = component.clauses.map(c => clauseText(c, lowered, refer, places)).sort()
    const digest = createHash('sha1').update(clauses.join('\n')).digest('base64')
    for (const node of component.nodes) signatures.set(node, component.recursive ? `${node} ${digest}` : digest)
  }
  return signatures
}

/** A table of the data by its name, anything else by what it holds; a derived table's name counts too. */
function referTo(node: string, signatures: ReadonlyMap<string, string>): string {
  const signature = signatures.get(node)
  if (signature === undefined) return node
  return node.includes('\u0000') ? signature : `${node} ${signature}`
}

function clauseText(
  { body, sink, origin }: Clause,
  lowered: LoweredProgram,
  refer: (node: string) => string,
  places: boolean,
): string {
  const group = sink.kind === 'group' ? lowered.groups.get(sink.group)! : []
  const target =
    sink.kind === 'table'
      ? { table: sink.table.includes('\u0000') ? '' : sink.table, args: sink.args }
      : { key: sink.key, value: sink.value, operator: group[0]!.operator }
  // A group warns at the place of every literal that looks in it.
  const place = places || group.length > 1 ? [origin, ...group].map(placeOf) : []
  return JSON.stringify([body, target, place], (key, value: unknown) => {
    if (key === 'span') return undefined
    if (isAtom(value)) return { ...value, table: refer(value.table) }
    if (isAggregate(value)) {
      const group = lowered.groupOf.get(value)
      if (group !== undefined) return { kind: 'group', group: refer(group), result: value.result, key: value.groupBy }
    }
    return value
  })
}

/** An atom, and not one that the replacer has made of it: those have no span, which is never asked for again. */
function isAtom(value: unknown): value is AtomLiteral {
  return (value as AtomLiteral | null)?.kind === 'atom'
}

function isAggregate(value: unknown): value is AggregateLiteral {
  return (value as AggregateLiteral | null)?.kind === 'aggregate'
}

/** The places of the literals that evaluation of a component may warn of, as `Warnings` knows them. */
export function placesOf({ clauses }: Pick<ClauseComponent, 'clauses'>, lowered: LoweredProgram): string[] {
  return clauses.flatMap(({ body, sink }) => {
    const group = sink.kind === 'group' ? lowered.groups.get(sink.group)! : []
    return [...body, ...group].map(placeOf)
  })
}

function placeOf({ span }: { readonly span: Span }): string {
  return `${span.file} ${span.start} ${span.end}`
}
