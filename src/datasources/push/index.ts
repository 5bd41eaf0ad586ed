/**
 * Push: tables whose rows others put there, over the API.
 * Takes settings and rows, gives a `LiveSource`. Knows nothing of who pushes.
 */
export { PushSource } from './push-source.ts'
export { pushSettings } from './settings.ts'
