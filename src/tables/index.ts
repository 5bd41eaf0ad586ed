/**
 * Tables: values interned to 32-bit ids, schemas, relations in typed arrays, deltas.
 * Takes rows, gives relations. Knows nothing of rules.
 */

export { emptyMatrix, MATRIX_ROWS } from './bit-matrix.ts'
export { encodedTable } from './encoded-table.ts'
export { fillRelation } from './fill-relation.ts'
export { grownInts as grownSlots, mix, TEXT_FACTOR } from './hash.ts'
export { Interner, type TextBatch } from './interner.ts'
export { compareRows, compareValues } from './order.ts'
export { NEW, OLD, Relation } from './relation.ts'
export type { RelationIndex } from './relation-index.ts'
export type {
  ColumnSchema,
  ColumnType,
  Delta,
  EncodedRows,
  Provenance,
  Row,
  Snapshot,
  TableData,
  TableSchema,
  Value,
} from './types.ts'
