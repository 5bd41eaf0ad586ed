import type { Diagnostic } from '../../diagnostic/index.ts'
import type { CoreTerm, Role } from '../core.ts'
import type { LoweredHead } from './lowering.ts'
import { written } from './names.ts'

interface RoleShape {
  readonly arities: (arity: number) => boolean
  readonly usage: string
}

const any = () => true

/** The heads through which a policy is read, and the columns each takes. */
const shapes: Readonly<Record<Role, RoleShape>> = {
  error: { arities: any, usage: 'error(…)' },
  warning: { arities: any, usage: 'warning(…)' },
  cost: { arities: n => n >= 2, usage: 'cost(priority, weight, key…)' },
  candidate: { arities: n => n === 2, usage: 'candidate(vm, host)' },
  migration_cost: {
    arities: n => n === 2 || n === 4,
    usage: 'migration_cost(vm, cost)` or `migration_cost(vm, from, to, cost)',
  },
  migration_budget: { arities: n => n === 1, usage: 'migration_budget(limit)' },
}

/** The role of a policy's own table. */
export function roleOf(name: string): Role | undefined {
  return Object.hasOwn(shapes, name) ? (name as Role) : undefined
}

/** Judge a head by its role or modal. Returns whether it may stay. */
export function checkRole(
  head: LoweredHead,
  isDerived: (table: string) => boolean,
  report: (d: Diagnostic) => void,
): boolean {
  const error = (code: string, message: string, span: LoweredHead['span'], help: string): false => {
    report({ code, severity: 'error', message, span, help })
    return false
  }
  if (head.modal === 'predict') return checkPredict(head, isDerived, error)
  const role = head.modal === undefined ? roleOf(head.display) : undefined
  if (role === undefined) return true
  const { arities, usage } = shapes[role]
  if (!arities(head.args.length))
    return error(
      'language/role-arity',
      `\`${role}\` cannot have ${head.args.length} column${head.args.length === 1 ? '' : 's'}`,
      head.atom.span,
      `write \`${usage}\``,
    )
  for (const { column, name } of numeric(role, head.args)) {
    const arg = head.args[column]
    if (arg?.kind === 'constant' && typeof arg.value !== 'number')
      return error(
        'language/role-number',
        `the ${name} of \`${role}\` is not a number: \`${JSON.stringify(arg.value)}\``,
        head.atom.args[column]?.span ?? head.atom.span,
        `write \`${usage}\` with a number for the ${name}`,
      )
  }
  return true
}

function numeric(role: Role, args: readonly CoreTerm[]): { readonly column: number; readonly name: string }[] {
  if (role === 'cost')
    return [
      { column: 0, name: 'priority' },
      { column: 1, name: 'weight' },
    ]
  if (role === 'migration_cost') return [{ column: args.length - 1, name: 'cost' }]
  if (role === 'migration_budget') return [{ column: 0, name: 'limit' }]
  return []
}

function checkPredict(
  head: LoweredHead,
  isDerived: (table: string) => boolean,
  error: (code: string, message: string, span: LoweredHead['span'], help: string) => false,
): boolean {
  if (head.args.length === 0)
    return error(
      'language/predict-columns',
      `\`${head.display}\` predicts no value`,
      head.atom.span,
      'the last column is the predicted value, the others are its key: `predict[table(key…, value)]`',
    )
  if (isDerived(head.base))
    return error(
      'language/predict-derived',
      `\`${written(head.atom.name)}\` follows from rules and needs no prediction`,
      head.atom.span,
      'predict the measured table that its rules read',
    )
  return true
}
