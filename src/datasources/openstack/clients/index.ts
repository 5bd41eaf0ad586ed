/**
 * Clients: one class for all services, told apart by a description of each: catalogue type, microversions, paging.
 * Takes paths and schemas, gives checked answers and whole lists. Knows nothing of tables.
 */
export { asUtc } from './as-utc.ts'
export { compareVersions } from './microversion.ts'
export { type ListCall, type ServiceCall, ServiceClient, withQuery } from './service-client.ts'
export { type ServiceApi, type ServiceKey, services } from './services.ts'
