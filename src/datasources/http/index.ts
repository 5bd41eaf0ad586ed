/**
 * HTTP: asks web services for JSON, again where that can do no harm, and says in one sentence what went wrong.
 * Takes calls, gives parsed answers. Knows nothing of OpenStack or Prometheus.
 */
export { checkAnswer } from './check-answer.ts'
export { type HttpAnswer, type HttpCall, HttpClient, type HttpOptions } from './client.ts'
export { orAbsent, RequestError, shownUrl } from './errors.ts'
export { certificates, type ReachSettings, reach } from './reach.ts'
export { Secret } from './secret.ts'
