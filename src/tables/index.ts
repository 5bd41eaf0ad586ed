/**
 * Tables: values interned to 32-bit ids, schemas, relations in typed arrays, deltas.
 * Takes rows, gives relations. Knows nothing of rules.
 */
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
