import { z } from 'zod'
import { fail, type Span } from '../../../diagnostic/index.ts'
import { Secret } from '../../http/index.ts'
import type { Domain, Login, Named, Scope } from '../keystone/index.ts'

const text = z.string().min(1).optional()
const hidden = z.coerce
  .string()
  .transform(value => new Secret(value))
  .optional()

/** The words of `auth` in clouds.yaml, which those of `OS_*` variables are too. */
const fields = {
  auth_url: text,
  username: text,
  user_id: text,
  password: hidden,
  user_domain_name: text,
  user_domain_id: text,
  project_name: text,
  project_id: text,
  tenant_name: text,
  tenant_id: text,
  project_domain_name: text,
  project_domain_id: text,
  default_domain: text,
  domain_name: text,
  domain_id: text,
  system_scope: z.union([z.string(), z.boolean()]).optional(),
  application_credential_id: text,
  application_credential_name: text,
  application_credential_secret: hidden,
  token: hidden,
} as const

export const authSettings = z.strictObject(fields)
export const looseAuthSettings = z.looseObject(fields)
export const authWords = Object.keys(fields) as (keyof typeof fields)[]

export type AuthSettings = z.infer<typeof authSettings>

/** Where and how to log in. Throws a `DiagnosticError` that names the word that is missing; `where` says in which settings. */
export function loginOf(auth: AuthSettings, where: string, span?: Span): { authUrl: string; login: Login } {
  const missing = (word: string, help: string): never =>
    fail('source/incomplete-login', `${where} gives no \`${word}\``, { help, ...(span ? { span } : {}) })
  const authUrl =
    auth.auth_url ?? missing('auth_url', "give Keystone's address, for example `https://cloud.example:5000/v3`")
  if (!/^https?:\/\/[^/]/.test(authUrl)) {
    fail('source/incomplete-login', `the \`auth_url\` of ${where} is no address: \`${authUrl}\``, {
      help: 'it begins with `http://` or `https://`',
      ...(span ? { span } : {}),
    })
  }
  const userDomain = domainOf(auth.user_domain_id ?? undefined, auth.user_domain_name, auth.default_domain)
  const user = named(auth.user_id, auth.username, userDomain)
  const {
    application_credential_id: id,
    application_credential_name: name,
    application_credential_secret: secret,
  } = auth
  if (id !== undefined || name !== undefined) {
    const given = secret ?? missing('application_credential_secret', 'it is shown once, when the credential is made')
    if (id !== undefined) return { authUrl, login: { kind: 'application credential', id, secret: given } }
    const owner =
      user ?? missing('username', 'an application credential is found by its id, or by its name and its user')
    return { authUrl, login: { kind: 'application credential', name: name!, user: owner, secret: given } }
  }
  if (auth.token) return { authUrl, login: { kind: 'token', token: auth.token, scope: scopeOf(auth) } }
  const who = user ?? missing('username', 'give `username`, `application_credential_id` or `token`')
  const password =
    auth.password ?? missing('password', 'an environment variable may be named in its place: `$OS_PASSWORD` in braces')
  return { authUrl, login: { kind: 'password', user: who, password, scope: scopeOf(auth) } }
}

function scopeOf(auth: AuthSettings): Scope {
  if (auth.system_scope !== undefined && auth.system_scope !== false) return { system: true }
  const projectDomain = domainOf(auth.project_domain_id, auth.project_domain_name, auth.default_domain)
  const project = named(auth.project_id ?? auth.tenant_id, auth.project_name ?? auth.tenant_name, projectDomain)
  if (project) return { project }
  const domain = domainOf(auth.domain_id, auth.domain_name, undefined)
  return domain ? { domain } : { unscoped: true }
}

function named(id: string | undefined, name: string | undefined, domain: Domain | undefined): Named | undefined {
  if (id !== undefined) return { id }
  return name === undefined ? undefined : { name, ...(domain ? { domain } : {}) }
}

function domainOf(id: string | undefined, name: string | undefined, otherwise: string | undefined): Domain | undefined {
  if (id !== undefined) return { id }
  if (name !== undefined) return { name }
  return otherwise === undefined ? undefined : { id: otherwise }
}
