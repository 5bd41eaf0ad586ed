/**
 * Metrics: the tables of what hosts and servers show of meters, whoever keeps the meters.
 * Takes series of points, gives means and statistics. Knows nothing of Gnocchi or Prometheus.
 */
export type { Measure } from './measure.ts'
export { MeasuredReading } from './measured-reading.ts'
export { measuredTables } from './tables.ts'
