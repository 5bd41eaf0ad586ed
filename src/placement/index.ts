/**
 * Placement: carve ▶ ground ▶ model ▶ solve ▶ verify.
 * Takes a `Program` and tables, gives a `Target` (VM → host) with proof or bound, and what could not be kept and why.
 * Knows nothing of how the target is reached.
 */
export { carve } from './carve.ts'
export type { Encoding } from './encode.ts'
export { type NewPlacement, type PlaceNewOptions, placeNew, type Unplaced } from './new-vms.ts'
export { buildModel, judgePlacement, place } from './place.ts'
export type * from './types.ts'
export { TranslationFault } from './verify.ts'
