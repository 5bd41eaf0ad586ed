import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import type { z } from 'zod'
import { describeSolvers } from '../../../solvers/index.ts'
import { type Environment, openSources } from '../../datasources/index.ts'
import { type Diagnostic, DiagnosticError } from '../../diagnostic/index.ts'
import type { Store } from '../../store/index.ts'
import type { ServiceConfig } from './config.ts'
import { readCron } from './cycle/schedules.ts'
import { openDatabase } from './open-database.ts'
import { readPolicyFolder } from './policy-folder.ts'
import { type ConfigFile, readServiceConfig } from './read-config.ts'
import { check, errorsIn } from './world/program.ts'

/** What was looked at, and what is wrong with it. */
export interface Finding {
  readonly part: 'configuration' | 'database' | 'data source' | 'policies' | 'solvers'
  /** Which one. */
  readonly what: string
  readonly ok: boolean
  /** In words: how it is. */
  readonly message: string
  /** What is wrong, and what mends it. */
  readonly diagnostics?: readonly Diagnostic[]
}

/** Seconds that a data source has for its first reading. */
const PATIENCE = 30
/** Seconds that clocks may be apart before it is worth a word. */
const CLOCKS_APART = 2

/**
 * Look whether the service could run: its configuration, database, data sources, policies and solvers. Nothing is changed, but that a
 * database which exists is brought to this version's layout as `serve` would.
 */
export async function examineService(
  path: string,
  environment: Environment,
  api: z.ZodType<unknown>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const file = await attempt(findings, 'configuration', path, () => readServiceConfig(path, environment, api))
  if (!file) return findings
  findings.push(...schedules(path, file.config))
  await attempt(findings, 'database', nameOf(file.config), async () => {
    const message = await examineDatabase(file.config, environment)
    findings.push({ part: 'database', what: nameOf(file.config), ok: true, message })
  })
  await examineSources(findings, path, file, environment)
  const solvers = await describeSolvers()
  for (const { name, available, reason } of solvers)
    findings.push({
      part: 'solvers',
      what: name,
      ok: true,
      message: available ? 'ready' : `not here: ${reason ?? 'no'}`,
    })
  if (!solvers.some(({ available }) => available))
    findings.push({ part: 'solvers', what: 'any', ok: false, message: 'no solver can run: install the package again' })
  return findings
}

async function examineDatabase(config: ServiceConfig, environment: Environment): Promise<string> {
  const { database } = config
  if (database.file !== undefined && !existsSync(database.file)) return 'will be made when the service starts'
  const store = await openDatabase(config, environment)
  try {
    const { n } = await store.db
      .selectFrom('policies')
      .select(eb => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    const apart = await clockDifference(store)
    const clocks = apart > CLOCKS_APART ? `; its clock and this one are ${Math.round(apart)} s apart` : ''
    return `answers; ${Number(n)} policies${clocks}`
  } finally {
    await store.close()
  }
}

/** Seconds between this machine's clock and the database server's. */
async function clockDifference(store: Store): Promise<number> {
  if (store.dialect !== 'postgres') return 0
  const { rows } = await sql<{ seconds: number }>`select extract(epoch from now())::float8 as seconds`.execute(store.db)
  return Math.abs((rows[0]?.seconds ?? 0) - Date.now() / 1000)
}

async function examineSources(
  findings: Finding[],
  path: string,
  { config, base, placeOf }: ConfigFile<unknown>,
  environment: Environment,
): Promise<void> {
  const sources = await attempt(findings, 'data source', path, () =>
    openSources(config.datasources, { environment, base, placeOf: way => placeOf(['datasources', ...way]) }),
  )
  if (!sources) return
  try {
    for (const source of sources) {
      const wanted = source.tables.filter(({ lazy }) => !lazy).map(({ table }) => table)
      source.want(new Set(wanted))
      const ended = await within(PATIENCE, source.start())
      const { faults, tables } = source.status()
      const read = tables.filter(({ state }) => state === 'fresh').length
      const late = ended ? '' : `; not done after ${PATIENCE} s`
      const message = `${read} of ${wanted.length} tables read${late}`
      const ok = faults.length === 0 && ended
      findings.push({
        part: 'data source',
        what: source.name,
        ok,
        message,
        ...(faults.length > 0 && { diagnostics: faults }),
      })
    }
    const { folder } = config.policies
    if (folder === undefined) return
    await attempt(findings, 'policies', folder, async () => {
      const files = await readPolicyFolder(folder)
      const schemas = sources.flatMap(({ tables }) => tables)
      const errors = errorsIn(check(files, schemas).diagnostics)
      const message = errors.length === 0 ? `${files.length} can be evaluated` : `${errors.length} mistakes`
      const found = errors.length > 0 && { diagnostics: errors }
      findings.push({ part: 'policies', what: folder, ok: errors.length === 0, message, ...found })
    })
  } finally {
    await Promise.all(sources.map(source => source.stop()))
  }
}

function schedules(path: string, { control }: ServiceConfig): Finding[] {
  return control.schedules.flatMap((schedule): Finding[] => {
    try {
      readCron(schedule)
      return []
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error
      const { message, diagnostics } = error
      return [{ part: 'configuration', what: path, ok: false, message, diagnostics }]
    }
  })
}

/** What is thrown at a person's mistake becomes a finding; a success says nothing but of the configuration. */
async function attempt<T>(
  findings: Finding[],
  part: Finding['part'],
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    const result = await work()
    if (part === 'configuration') findings.push({ part, what, ok: true, message: 'well written' })
    return result
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    findings.push({ part, what, ok: false, message: error.message, diagnostics: error.diagnostics })
    return undefined
  }
}

/** False: it took longer; it goes on. */
async function within(seconds: number, work: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), seconds * 1000)
  })
  const done = await Promise.race([work.then(() => true as const), late])
  clearTimeout(timer)
  return done
}

/** Without what may be secret in a URL. */
function nameOf({ database: { file, url } }: ServiceConfig): string {
  return file ?? url?.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/, '') ?? ''
}
