/**
 * Data sources: turn a cloud's APIs, files and pushes into tables and deltas, and carry out actions.
 * Knows nothing of policies.
 */
export type * from './types.ts'
