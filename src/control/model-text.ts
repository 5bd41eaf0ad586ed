import { writeJson, writeLp, writeMps } from '../../solvers/index.ts'
import { buildModel } from '../placement/index.ts'
import type { World } from './world.ts'

const writers = { lp: writeLp, mps: writeMps, json: writeJson }

export type ModelFormat = keyof typeof writers

/** The integer program of the policies over the tables, as text. Each row names the rule (file:line) it comes from. */
export function modelText(world: World, format: ModelFormat): string {
  return writers[format](buildModel(world).model)
}
