import { readFile } from 'node:fs/promises'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { listedHosts } from '../datasources/index.ts'
import { fail, nearestName } from '../diagnostic/index.ts'
import { judgePlacement } from '../placement/index.ts'
import type { Value } from '../tables/index.ts'
import { presentPlacement } from './plan.ts'
import type { PlanReport } from './plan-report.ts'
import type { World } from './world.ts'

const alternativesSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1),
      moves: z.array(z.strictObject({ vm: z.union([z.string(), z.number()]), to: z.union([z.string(), z.number()]) })),
    }),
  )
  .min(1)

/** A placement of the user's own: what it moves, the rest staying where it is. */
type Alternative = z.infer<typeof alternativesSchema>[number]

const FORM = 'write a list of `{ name: …, moves: [{ vm: …, to: … }] }`'

/** Read the placements of a YAML file. */
async function readAlternatives(file: string): Promise<readonly Alternative[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === undefined) throw error
    fail('cli/alternatives-unreadable', `the file of placements \`${file}\` can't be read (${code})`, {
      help: 'check the path',
    })
  }
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error
    const at = error.linePos?.[0]
    fail('cli/bad-alternatives', `\`${file}\` is not YAML: ${error.message.split('\n')[0]}`, {
      help: FORM,
      ...(at && { span: { file, start: error.pos[0], end: error.pos[1], line: at.line, column: at.col } }),
    })
  }
  const parsed = alternativesSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const place = issue.path.length > 0 ? ` at \`${issue.path.join('.')}\`` : ''
  fail('cli/bad-alternatives', `\`${file}\` does not hold placements: ${issue.message.toLowerCase()}${place}`, {
    help: FORM,
  })
}

/** One placement beside others. */
export interface ComparisonRow {
  readonly name: string
  readonly moves: number
  readonly cost: number
  /** As text. */
  readonly violations: readonly string[]
  /** In words, against the best of all. */
  readonly verdict: string
  /** None of the others is better. */
  readonly best: boolean
}

/** Set the placements of a file beside a plan, which comes first; all are judged by the same aims in the same order. */
export async function compareWith(file: string, world: World, plan: PlanReport): Promise<ComparisonRow[]> {
  const alternatives = await readAlternatives(file)
  const present = presentPlacement(world)
  const hosts = new Set([...present.values(), ...(listedHosts(world.tables) ?? [])])
  const entries = [
    {
      name: 'the plan',
      moves: plan.moves.length,
      cost: plan.cost,
      violations: plan.violationsAfter.map(v => v.text),
      aims: plan.aims.map(({ name, after }) => ({ name, after })),
    },
    ...alternatives.map(alternative => {
      checkNames(alternative, present, hosts)
      const judged = judgePlacement(world, new Map(alternative.moves.map(({ vm, to }) => [vm, to])))
      return {
        name: alternative.name,
        moves: judged.moves.length,
        cost: judged.migrationCost,
        violations: judged.violations.map(v => v.text),
        aims: judged.aims.map(({ name, after }) => ({ name, after })),
      }
    }),
  ]
  const best = entries.reduce((a, b) => (firstWorse(a.aims, b.aims) ? b : a))
  return entries.map(({ aims, ...row }) => {
    const worse = firstWorse(aims, best.aims)
    return {
      ...row,
      verdict: worse === undefined ? 'best' : verdictOf(worse, row.violations),
      best: worse === undefined,
    }
  })
}

interface AimValue {
  readonly name: string
  readonly after: number
}

interface Worse {
  readonly aim: string
  readonly value: number
  readonly instead: number
}

/** The first aim in which `a` is worse than `b`, when no earlier one makes it better. */
function firstWorse(a: readonly AimValue[], b: readonly AimValue[]): Worse | undefined {
  for (const name of new Set([...a, ...b].map(aim => aim.name))) {
    const value = a.find(aim => aim.name === name)?.after ?? 0
    const instead = b.find(aim => aim.name === name)?.after ?? 0
    // Costs that differ by rounding alone are equal.
    if (Math.abs(value - instead) <= 1e-9 * Math.max(1, Math.abs(value), Math.abs(instead))) continue
    return value > instead ? { aim: name, value, instead } : undefined
  }
  return undefined
}

function verdictOf({ aim, value, instead }: Worse, violations: readonly string[]): string {
  if (aim === 'errors' || aim === 'warnings') {
    const more = violations.length > 1 ? ` and ${violations.length - 1} more` : ''
    return `violates the policy: ${violations[0] ?? aim}${more}`
  }
  const figures = `${Number(value.toFixed(2))} instead of ${Number(instead.toFixed(2))}`
  return aim === 'migration cost' ? `dearer: ${figures}` : `worse in ${aim}: ${figures}`
}

/** Throws for a VM or host that the cloud does not have. */
function checkNames(alternative: Alternative, present: ReadonlyMap<Value, Value>, hosts: ReadonlySet<Value>): void {
  for (const { vm, to } of alternative.moves) {
    if (!present.has(vm)) unknownName('VM', vm, present.keys(), alternative)
    if (!hosts.has(to)) unknownName('host', to, hosts, alternative)
  }
}

function unknownName(kind: string, name: Value, known: Iterable<Value>, alternative: Alternative): never {
  const near = nearestName(String(name), [...known].map(String))
  fail('cli/bad-alternatives', `there is no ${kind} \`${name}\`, which the placement \`${alternative.name}\` names`, {
    help: near === undefined ? `name a ${kind} of \`nova:location\`` : `did you mean \`${near}\`?`,
  })
}
