import type { Domain, Login, Named, Scope } from './access.ts'

/** The body of `POST /v3/auth/tokens`. */
export function loginBody(login: Login): unknown {
  switch (login.kind) {
    case 'password':
      return {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { ...named(login.user), password: login.password.reveal() } },
          },
          ...scope(login.scope),
        },
      }
    case 'application credential':
      return {
        auth: {
          identity: {
            methods: ['application_credential'],
            application_credential: {
              ...(login.id === undefined ? { name: login.name } : { id: login.id }),
              ...(login.id === undefined && login.user ? { user: named(login.user) } : {}),
              secret: login.secret.reveal(),
            },
          },
        },
      }
    case 'token':
      return {
        auth: {
          identity: { methods: ['token'], token: { id: login.token.reveal() } },
          ...scope(login.scope),
        },
      }
  }
}

/** A name without a domain is one of the domain `default`, as OpenStack's own clients have it. */
function named(thing: Named): Readonly<Record<string, unknown>> {
  return 'id' in thing ? { id: thing.id } : { name: thing.name, domain: domain(thing.domain ?? { id: 'default' }) }
}

function domain(thing: Domain): unknown {
  return 'id' in thing ? { id: thing.id } : { name: thing.name }
}

function scope(wanted: Scope): { scope?: unknown } {
  if ('project' in wanted) return { scope: { project: named(wanted.project) } }
  if ('domain' in wanted) return { scope: { domain: domain(wanted.domain) } }
  return 'system' in wanted ? { scope: { system: { all: true } } } : {}
}
