import type { Snapshot, TableData } from '../../../tables/index.ts'
import type { ExceptionList } from '../exceptions.ts'
import type { Parts } from '../parts.ts'
import type { PolicyBook } from '../policies.ts'
import type { RefusalList } from '../refusal-list.ts'
import type { PolicyMode } from '../types.ts'
import type { LiveWorld } from '../world/live-world.ts'
import type { Held, ViolationBook } from '../world/violation-book.ts'
import type { Domains } from './domains.ts'

/** Modes for which plans are made, the most urgent first. Each counts on those before it being kept too. */
export const LEVELS = ['enforce', 'advise', 'shadow'] as const
export type Level = (typeof LEVELS)[number]

/** What cycles decide by. */
export interface Surroundings {
  readonly parts: Parts
  readonly world: LiveWorld
  readonly book: ViolationBook
  readonly policies: PolicyBook
  readonly exceptions: ExceptionList
  readonly domains: Domains
  readonly refusals: RefusalList
}

/** Names of active policies for which plans are made on a level; undefined: no policy has just this mode. */
export function groupOf({ policies, world }: Surroundings, level: Level): ReadonlySet<string> | undefined {
  const modes: readonly PolicyMode[] = LEVELS.slice(0, LEVELS.indexOf(level) + 1)
  const stopped = new Set(world.evaluator.stopped.map(({ policy }) => policy))
  const active = policies.records.filter(
    ({ name, active }) => active === 1 && !stopped.has(name) && policies.stoppedBy(name) === undefined,
  )
  if (!active.some(({ mode }) => mode === level)) return undefined
  return new Set(active.filter(({ mode }) => modes.includes(mode as PolicyMode)).map(({ name }) => name))
}

/** Violations of a group in a domain that are to be mended: no exception covers them, and they lasted long enough. */
export function counting(
  { parts, book, exceptions, domains }: Surroundings,
  group: ReadonlySet<string>,
  domain: string,
): { readonly now: readonly Held[] /** When the next one will have lasted long enough. */; readonly next?: number } {
  const lasting = parts.config.control.hysteresis.lasting * 1000
  const at = parts.clock.now()
  const now: Held[] = []
  let next: number | undefined
  for (const held of book.all.values()) {
    if (!group.has(held.policy) || exceptions.covering(held.table, held.row)) continue
    const about = domains.about(held.row)
    if (about && !about.has(domain)) continue
    const ripe = held.since + lasting
    if (ripe <= at) now.push(held)
    else next = Math.min(next ?? ripe, ripe)
  }
  return { now, ...(next !== undefined && { next }) }
}

/** Why no plan may be made on the tables as they are; undefined: it may. */
export function distrust({ parts, world }: Surroundings, tables: ReadonlySet<string>): string | undefined {
  const { staleAfter } = parts.config.control
  for (const { table, state, rightAt, because } of world.freshness()) {
    if (!tables.has(table) || state === 'fresh') continue
    const why = because ? `: ${because.message}` : ''
    if (state === 'unread' || rightAt === undefined) return `the table \`${table}\` was not read yet${why}`
    const age = (parts.clock.now() - Date.parse(rightAt)) / 1000
    if (age > staleAfter)
      return `the table \`${table}\` is ${Math.round(age)} s old, and ${staleAfter} s are allowed${why}`
  }
  return undefined
}

/** Tables of a snapshot and others. */
export function withTables(snapshot: Snapshot, more: readonly TableData[]): Snapshot {
  return more.length === 0 ? snapshot : new Map([...snapshot, ...more.map(data => [data.schema.table, data] as const)])
}
