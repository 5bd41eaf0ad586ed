/**
 * Control: closes the ring. Cycles: evaluate ▶ place ▶ plan ▶ run. Takes policy files, folders of tables and wishes; gives answers.
 * The command line (and any other face) shows them and holds no logic of its own. Knows nothing of terminals.
 */
export { ask, evaluateWorld, readTupleText, violationsOf } from './evaluate.ts'
export { examine, openWorld, type World, type WorldRequest } from './world.ts'
