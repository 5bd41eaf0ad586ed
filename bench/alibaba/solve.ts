import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import { type PlaceInput, type PlaceOptions, place, type Target } from '../../src/placement/index.ts'
import { type Contest, tablesOf, WAITING } from './instance.ts'

const POLICY = 'policies/alibaba2018.dl'

/** The policy, and the contest as its tables. */
export function inputOf(contest: Contest): PlaceInput {
  const tables = tablesOf(contest)
  const text = readFileSync(join(import.meta.dirname, '../..', POLICY), 'utf8')
  const { program } = checkPolicies([parsePolicy(text, POLICY).policy], {
    schemas: [...tables.values()].map(t => t.schema),
  })
  return { program, tables }
}

/** Where the engine puts each instance under the policy; undefined for those that still wait. */
export async function solve(
  contest: Contest,
  options: PlaceOptions,
): Promise<{ machineOf(instance: string): string | undefined; target: Target }> {
  const target = await place(inputOf(contest), { explain: false, ...options })
  const machineOf = (instance: string): string | undefined => {
    const host = target.placement.get(instance) as string
    return host === WAITING ? undefined : host
  }
  return { machineOf, target }
}
