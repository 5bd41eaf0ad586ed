/**
 * Access: where a cloud is and who logs in, from settings, clouds.yaml or the environment.
 * Takes settings, gives a `CloudAccess`. Knows nothing of tokens.
 */
export { authSettings } from './auth-settings.ts'
export { type AccessSettings, cloudAccess } from './cloud-access.ts'
