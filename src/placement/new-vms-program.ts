import type { CoreLiteral, CoreRule, CoreTerm, Program, TableInfo } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import { variable } from './core-terms.ts'
import { LOCATION, MOVED, UNPLACED } from './decision.ts'
import { ownTable } from './own-table.ts'
import { strataOf } from './strata.ts'
import type { PlaceInput } from './types.ts'

/** VMs that are on a host: what the policy's rules read instead of nova:location. */
const LOCATED = '~located'
/** Moves of VMs that were on a host: what the policy's rules read instead of placement:moved. */
const MIGRATED = '~migrated'
/** How many tuples a VM without a host counts as. */
const TIMES = '~times'
/** The table of VMs that have no host. */
export const NOT_PLACED = 'usher:error'

const NOT_PLACED_TEXT = `not_placed(vm, n) :- nova:location(vm, "${UNPLACED}")`
const SPAN = { file: 'usher', start: 0, end: 0, line: 1, column: 1 }

const constant = (value: Value): CoreTerm => ({ kind: 'constant', value })
const atom = (table: string, args: readonly CoreTerm[]): CoreLiteral => ({
  ...{ kind: 'atom', table, args, negated: false, span: SPAN },
})

/**
 * A world in which new VMs stand at a host that no rule of the policy sees; only `candidate` rules read where they "are", so that
 * those which begin with `nova:location(vm, _)` speak of new VMs too.
 * @param count `error`: each VM without a host is `times` errors, beside all that the policy says. `warning`: each is a warning, and of
 *   the policy only the errors count.
 */
export function withNewVms(
  input: PlaceInput,
  vms: readonly Value[],
  count: { readonly as: 'error'; readonly times: number } | { readonly as: 'warning' },
): PlaceInput {
  const times = count.as === 'error' ? count.times : 1
  const location = input.tables.get(LOCATION)
  const rows = [...(location?.rows ?? []), ...vms.map(vm => [vm, UNPLACED])]
  const located = location
    ? { schema: location.schema, rows, provenance: location.provenance }
    : ownTable(LOCATION, ['vm', 'host'], rows)
  const counted = ownTable(
    TIMES,
    ['n'],
    Array.from({ length: times }, (_, n) => [n + 1]),
  )
  return {
    program: programWithNewVms(input.program, count.as),
    tables: new Map([...input.tables, [LOCATION, located], [TIMES, counted]]),
  }
}

function programWithNewVms(program: Program, as: 'error' | 'warning'): Program {
  const own = [
    rule(LOCATED, ['vm', 'host'], [atom(LOCATION, [variable(0), variable(1)]), differs(variable(1))]),
    rule(NOT_PLACED, ['vm', 'n'], [atom(LOCATION, [variable(0), constant(UNPLACED)]), atom(TIMES, [variable(1)])]),
    ...(program.tables.has(MOVED)
      ? [
          rule(
            MIGRATED,
            ['vm', 'from', 'to'],
            [atom(MOVED, [variable(0), variable(1), variable(2)]), differs(variable(1))],
          ),
        ]
      : []),
  ]
  const policies = program.rules.map(r =>
    program.tables.get(r.head.table)?.role === 'candidate' ? r : { ...r, body: seesPlacedOnly(r.body) },
  )
  const rules = [...policies, ...own].map((r, id) => ({ ...r, id }))
  // Ours come first, so that they are the first to be explained.
  const tables = new Map<string, TableInfo>([[NOT_PLACED, table(NOT_PLACED, 2, 'derived', 'not_placed', as)]])
  for (const [name, info] of program.tables)
    tables.set(name, as === 'warning' && isWish(info) ? { ...info, role: undefined } : info)
  tables.set(LOCATION, table(LOCATION, 2, 'data'))
  tables.set(LOCATED, table(LOCATED, 2, 'derived', LOCATION))
  tables.set(MIGRATED, table(MIGRATED, 3, 'derived', MOVED))
  tables.set(TIMES, table(TIMES, 1, 'data'))
  const sources = new Map([...program.sources, [SPAN.file, NOT_PLACED_TEXT]])
  return { ...program, rules, tables, strata: strataOf(rules), sources }
}

const isWish = ({ role }: TableInfo): boolean => role === 'warning' || role === 'cost'

function seesPlacedOnly(body: readonly CoreLiteral[]): CoreLiteral[] {
  return body.map(literal => {
    if (literal.kind === 'aggregate') return { ...literal, body: seesPlacedOnly(literal.body) }
    if (literal.kind !== 'atom') return literal
    if (literal.table === LOCATION) return { ...literal, table: LOCATED }
    return literal.table === MOVED ? { ...literal, table: MIGRATED } : literal
  })
}

const differs = (host: CoreTerm): CoreLiteral => ({
  ...{ kind: 'compare', operator: '!=', negated: false, left: host, right: constant(UNPLACED), span: SPAN },
})

function rule(head: string, variables: readonly string[], body: readonly CoreLiteral[]): CoreRule {
  return {
    ...{ id: -1, policy: 'usher', modal: undefined, comments: [], span: SPAN, text: NOT_PLACED_TEXT },
    head: { table: head, args: variables.map((_, i) => variable(i)), span: SPAN },
    body,
    variables,
  }
}

const table = (
  name: string,
  arity: number,
  kind: TableInfo['kind'],
  display = name,
  role?: TableInfo['role'],
): TableInfo => ({ name, arity, columns: undefined, kind, role, policy: undefined, display })
