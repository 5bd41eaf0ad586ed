/**
 * Data sources: turn a cloud's APIs, files and pushes into tables and deltas, and carry out actions.
 * `openFolder` reads a folder of tables; `createSimulator` is a cloud in memory, which loads when it is first made; `openSources` makes
 * sources that keep their tables current (clouds, Prometheus, pushes, folders) of their configuration. Knows nothing of policies.
 */
export { applyChanges, type PlacedDelta, readChanges } from './changes.ts'
export { checkCloud, listedHosts, type PlaceOf } from './check-cloud.ts'
export type { Environment, PlaceOf as PlaceInFile } from './config/index.ts'
export { type FolderOptions, type FolderSource, openFolder } from './file/folder.ts'
export type * from './live/types.ts'
export {
  type DescribedSource,
  describedSources,
  openSources,
  readConfigFile,
  readSourcesFile,
  type SourcesOptions,
  storeJournal,
} from './on-demand.ts'
export { type Clock, type ManualClock, manualClock, systemClock } from './simulator/clock.ts'
export type { CloudDescription } from './simulator/describe.ts'
export { createSimulator } from './simulator/on-demand.ts'
export type { NewVm, Simulator, SimulatorOptions } from './simulator/simulator.ts'
export type { Issued } from './simulator/state.ts'
export type * from './types.ts'
