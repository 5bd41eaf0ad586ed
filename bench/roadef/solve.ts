import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { type PlaceInput, type PlaceOptions, place, type Target } from '../../src/placement/index.ts'
import { type Instance, machineName, processName, tablesOf } from './instance.ts'

const POLICY = 'policies/roadef2012.dl'

/** The policy, and the instance as its tables. */
export function inputOf(instance: Instance): PlaceInput {
  const tables = tablesOf(instance)
  const text = readFileSync(join(import.meta.dirname, '../..', POLICY), 'utf8')
  const { program } = checkPolicies([parsePolicy(text, POLICY).policy], {
    schemas: [...tables.values()].map(t => t.schema),
  })
  return { program, tables }
}

/** The machine of each process that the engine finds under the policy, which is all it knows of the challenge. */
export async function solve(
  instance: Instance,
  options: PlaceOptions,
): Promise<{ readonly assignment: readonly number[]; readonly target: Target }> {
  const target = await place(inputOf(instance), { explain: false, ...options })
  const machineOf = new Map(instance.machines.map((_, m) => [machineName(m), m]))
  const assignment = instance.processes.map((_, p) => machineOf.get(target.placement.get(processName(p)) as string)!)
  return { assignment, target }
}
