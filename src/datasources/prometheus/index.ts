/**
 * Prometheus as a data source: the tables of meters, and tables of any queries.
 * Takes settings, gives a `LiveSource`. Knows nothing of what the series mean.
 */
export { openPrometheus } from './open.ts'
export { prometheusSettings } from './settings.ts'
