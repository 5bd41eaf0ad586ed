/**
 * Gnocchi: what Ceilometer's agents measured of hosts and servers.
 * Takes a client and meters, gives measures and the tables of Ceilometer. Knows nothing of how often.
 */
export { type GnocchiMeter, readMeasures, usualMeters } from './measures.ts'
export { ceilometer } from './tables.ts'
