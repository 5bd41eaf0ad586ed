import { z } from 'zod'
import { type Diagnostic, DiagnosticError, nearestName, type Span } from '../diagnostic/index.ts'
import type { PlaceOf } from './config/index.ts'
import { folderSettings, openLiveFolder } from './file/live-folder.ts'
import { inWords, issuesOf } from './file/yaml-issues.ts'
import type { LiveSource } from './live/index.ts'
import type { OpenOptions } from './opening.ts'
import { openOpenStack } from './openstack/open.ts'
import { openstackSettings } from './openstack/settings.ts'
import { openPrometheus, prometheusSettings } from './prometheus/index.ts'
import { PushSource, pushSettings } from './push/index.ts'
import { openLiveSimulator, simulatorSettings } from './simulator/live-simulator.ts'

/** A driver: the form of its settings, and how a source is made of them. */
interface Driver<T> {
  readonly settings: z.ZodType<T>
  readonly open: (settings: T, options: OpenOptions) => Promise<readonly LiveSource[]>
}

function driver<T>(settings: z.ZodType<T>, open: Driver<T>['open']): Driver<unknown> {
  return { settings, open: (given, options) => open(given as T, options) }
}

/** Every kind of data source, by the word after `driver`. */
const drivers: ReadonlyMap<string, Driver<unknown>> = new Map([
  ['openstack', driver(openstackSettings, openOpenStack)],
  ['prometheus', driver(prometheusSettings, async (settings, options) => [openPrometheus(settings, options)])],
  ['folder', driver(folderSettings, async (settings, options) => [await openLiveFolder(settings, options)])],
  ['push', driver(pushSettings, async (settings, { now }) => [new PushSource(settings, now)])],
  ['simulator', driver(simulatorSettings, async (settings, options) => [await openLiveSimulator(settings, options)])],
])

export interface OpenSourcesOptions extends Omit<OpenOptions, 'span'> {
  /** Where an entry stands, by the way to it within the list: `[0, 'auth', 'password']`. */
  readonly placeOf?: PlaceOf
}

/**
 * The data sources of a configuration, not yet started; `entries` is the list under `datasources`. One entry may give several sources:
 * a cloud gives one for each service. Rejects with a `DiagnosticError` of all that is wrong with the entries; that a cloud is away is no
 * reason.
 */
export async function openSources(
  entries: readonly unknown[],
  options: OpenSourcesOptions,
): Promise<readonly LiveSource[]> {
  const { placeOf, ...rest } = options
  const at = (path: readonly PropertyKey[], name?: boolean): { span?: Span } =>
    placeOf ? { span: placeOf(path, name) } : {}
  const problems: Diagnostic[] = []
  const opened: { readonly source: LiveSource; readonly entry: number }[] = []
  for (const [i, entry] of entries.entries()) {
    const chosen = driverOf(entry, i, at, problems)
    if (!chosen) continue
    const parsed = chosen.settings.safeParse(entry)
    if (!parsed.success) {
      for (const issue of issuesOf(parsed.error))
        problems.push(badConfig(inWords(issue), at([i, ...issue.path], issue.unknownKey)))
      continue
    }
    try {
      const span = placeOf?.([i])
      for (const source of await chosen.open(parsed.data, { ...rest, span })) opened.push({ source, entry: i })
    } catch (thrown) {
      if (!(thrown instanceof DiagnosticError)) throw thrown
      problems.push(...thrown.diagnostics)
    }
  }
  problems.push(...clashes(opened, at))
  if (problems.length > 0) {
    await Promise.all(opened.map(({ source }) => source.stop()))
    throw new DiagnosticError(problems)
  }
  return opened.map(({ source }) => source)
}

function driverOf(
  entry: unknown,
  i: number,
  at: (path: readonly PropertyKey[]) => { span?: Span },
  problems: Diagnostic[],
): Driver<unknown> | undefined {
  const named = z.looseObject({ driver: z.string() }).safeParse(entry)
  const known = [...drivers.keys()]
  const list = known.map(name => `\`${name}\``).join(', ')
  if (!named.success) {
    problems.push({ ...badConfig('a data source says its `driver`', at([i])), help: `drivers are ${list}` })
    return undefined
  }
  const found = drivers.get(named.data.driver)
  if (!found) {
    const near = nearestName(named.data.driver, known)
    const help = near ? `did you mean \`${near}\`?` : `drivers are ${list}`
    problems.push({ ...badConfig(`there is no driver \`${named.data.driver}\``, at([i, 'driver'])), help })
  }
  return found
}

function badConfig(message: string, place: { span?: Span }): Diagnostic {
  return {
    code: 'source/bad-config',
    severity: 'error',
    message,
    ...place,
    help: 'docs/guides/openstack.md shows the settings of data sources',
  }
}

/** Two sources of one name, or two that give one table: rows of the two could not be told apart. */
function clashes(
  opened: readonly { readonly source: LiveSource; readonly entry: number }[],
  at: (path: readonly PropertyKey[]) => { span?: Span },
): Diagnostic[] {
  const found: Diagnostic[] = []
  const names = new Map<string, string>()
  for (const { source, entry } of opened) {
    const place = at([entry])
    const { name } = source
    if (names.has(`source ${name}`)) {
      const message = `two data sources are named \`${name}\``
      found.push({
        code: 'source/name-twice',
        severity: 'error',
        message,
        ...place,
        help: 'give one of them another `name`',
      })
      continue
    }
    names.set(`source ${name}`, name)
    const taken = source.tables.find(({ table }) => names.has(table))
    if (taken) {
      const message = `the data sources \`${names.get(taken.table)}\` and \`${name}\` both give the table \`${taken.table}\``
      const help = 'give one of them another `name`, or take the table out of its folder'
      found.push({ code: 'source/name-twice', severity: 'error', message, ...place, help })
    }
    for (const { table } of source.tables) names.set(table, name)
  }
  return found
}
