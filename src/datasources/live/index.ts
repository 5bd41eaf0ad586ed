/**
 * Live: keeps tables current by reading things again and again, and tells what changed.
 * Takes readings, gives a `LiveSource` with deltas and freshness. Knows nothing of what is read.
 */
export { PolledSource } from './polled-source.ts'
export type { ReadAnswer, ReadItem, Reading, ReadRequest } from './reading.ts'
export type { TableRow } from './row-store.ts'
export type * from './types.ts'
