/** What a caller may do. Each role reads everything that a viewer does; `admin` may do everything. */
export const ROLES = ['viewer', 'author', 'operator', 'admin'] as const

/**
 * `viewer` reads. `author` changes policies. `operator` approves plans, starts cycles, pushes rows, carries out actions, steers
 * workflows. `admin` reads the audit log besides, and is allowed what every other role is.
 */
export type Role = (typeof ROLES)[number]

/**
 * Who may use a route: everyone, or those with one of these roles. `push` names the path parameter of a data source: a token that is
 * good for pushing to that source suffices.
 */
export type Allow = 'everyone' | AllowRoles

export interface AllowRoles {
  readonly roles: readonly Role[]
  readonly push?: string
}

export const everyone: Allow = 'everyone'
export const viewers: AllowRoles = { roles: ['viewer', 'author', 'operator'] }
export const authors: AllowRoles = { roles: ['author'] }
export const operators: AllowRoles = { roles: ['operator'] }
export const authorsAndOperators: AllowRoles = { roles: ['author', 'operator'] }
export const admins: AllowRoles = { roles: ['admin'] }

/** Who sends a request, once it is known. */
export interface Caller {
  /** For example `token:ci`, `keystone:alice`. */
  readonly id: string
  readonly roles: ReadonlySet<Role>
  /** Names of data sources that the caller may push to whatever its roles. */
  readonly pushes: ReadonlySet<string>
}

export function isAllowed(allow: Allow, caller: Caller, params: Readonly<Record<string, unknown>>): boolean {
  if (allow === 'everyone' || caller.roles.has('admin')) return true
  if (allow.roles.some(role => caller.roles.has(role))) return true
  return allow.push !== undefined && caller.pushes.has(String(params[allow.push]))
}

/** Roles in words, for messages and documentation. */
export function sayAllowed(allow: Allow): string {
  if (allow === 'everyone') return 'everyone'
  const roles = [...new Set([...allow.roles, 'admin'])]
  const push = allow.push === undefined ? '' : `, or a token with the scope \`push:SOURCE\``
  return roles.map(role => `\`${role}\``).join(', ') + push
}
