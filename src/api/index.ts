/**
 * API: the service over HTTP. Takes a `Service` and settings, gives a server that can listen; makes, lists and revokes tokens. Says how
 * requests and answers look, who may ask, and how often; how answers are made it must never know.
 *
 * Where things are: `v2/` is Usher's own API and `v1/` that of Congress, one file for each group of routes; `security/` lets requests
 * in; `create-api.ts` puts it together.
 */
export { type ApiSettings, apiSettingsSchema } from './config.ts'
export type { ApiOptions } from './create-api.ts'
export { listen } from './listen.ts'
export { createApi } from './on-demand.ts'
export { ROLES } from './security/roles.ts'
export { createToken, listTokens, revokeToken, type TokenView } from './security/tokens.ts'
