/**
 * Tables: values interned to 32-bit ids, schemas, relations in typed arrays, deltas.
 * Takes rows, gives relations. Knows nothing of rules.
 */

export { grownInts as grownSlots, mix } from './hash.ts'
export { Interner } from './interner.ts'
export { compareRows, compareValues } from './order.ts'
export { NEW, OLD, Relation } from './relation.ts'
export type { RelationIndex } from './relation-index.ts'
export type {
  ColumnSchema,
  ColumnType,
  Delta,
  Provenance,
  Row,
  Snapshot,
  TableData,
  TableSchema,
  Value,
} from './types.ts'
