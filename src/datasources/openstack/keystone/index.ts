/**
 * Keystone: logs in, keeps the token good, and finds services in the catalogue.
 * Takes a cloud's address and a login, sends calls with a token. Knows nothing of what is called.
 */
export type { CloudAccess, Domain, Interface, Login, Named, Scope } from './access.ts'
export { type ServiceName, Session } from './session.ts'
