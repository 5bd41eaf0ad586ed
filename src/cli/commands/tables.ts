import type { Command } from 'commander'
import type { DescribedSource, LiveSource, LiveTable } from '../../datasources/index.ts'
import { fail, nearestName } from '../../diagnostic/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { examples } from '../options.ts'
import { count } from '../words.ts'

interface TablesOptions {
  readonly config?: string
  readonly read?: boolean
}

/** `usher tables`: which tables data sources have, with their columns, types and units; with `--read`, how reading them goes. */
export function addTables(program: Command, context: Context): Command {
  const command = program
    .command('tables')
    .summary('list the tables of data sources, or read them once')
    .description(
      'List the tables that data sources have, with columns, types and units.\nWithout --config: those that OpenStack is read into.',
    )
    .argument('[table...]', 'these tables only, with a line for each column')
    .option('--config <file>', 'YAML file with the data sources under `datasources`')
    .option(
      '--read',
      'read every table once and tell how many rows it has, or what is wrong; exit code 1: something is',
    )
    .action((tables: string[], options: TablesOptions) => showTables(tables, options, context))
  return examples(command, [
    ['usher tables', 'what could policies read of OpenStack?'],
    ['usher tables nova:servers', 'what are the columns of a table?'],
    ['usher tables --config usher.yaml --read', 'can every table of our clouds be read?'],
  ])
}

async function showTables(names: readonly string[], options: TablesOptions, context: Context): Promise<void> {
  const { describedSources, readSourcesFile } = await import('../../datasources/index.ts')
  if (options.read && options.config === undefined) {
    fail('cli/read-without-config', '`--read` needs data sources to read', { help: 'add `--config FILE`' })
  }
  if (options.config === undefined) return list(await describedSources(), names, context)
  const sources = await readSourcesFile(options.config, context.io.env)
  try {
    if (options.read) await readAll(sources, names, context)
    else list(sources, names, context)
  } finally {
    await Promise.all(sources.map(source => source.stop()))
  }
}

function list(sources: readonly DescribedSource[], names: readonly string[], context: Context): void {
  const chosen = choose(sources, names)
  if (context.json) {
    context.answer({ sources: chosen })
    return
  }
  const { paint } = context
  for (const [i, { name, driver, description, tables }] of chosen.entries()) {
    if (i > 0) context.say()
    context.heading(`${name}  ${paint.dim(`${driver}: ${description}`)}`)
    if (names.length > 0) for (const table of tables) describe(table, context)
    else {
      context.table(
        [{ title: 'table' }, { title: 'read' }, { title: 'columns' }],
        tables.map(table => [table.table, howOften(table), table.columns.map(columnText).join(', ')]),
      )
    }
  }
}

function describe(table: LiveTable, context: Context): void {
  context.say(`${table.table}  ${table.description} (${howOften(table)})`)
  context.table(
    [{ title: 'column' }, { title: 'type' }, { title: 'unit' }, { title: 'what it holds' }],
    table.columns.map(({ name, type, unit, description }) => [name, type ?? 'any', unit ?? '', description ?? '']),
  )
}

async function readAll(sources: readonly LiveSource[], names: readonly string[], context: Context): Promise<void> {
  const wanted = new Set(choose(sources, names).flatMap(({ tables }) => tables.map(({ table }) => table)))
  const read = await Promise.all(
    sources.map(async source => {
      source.want(wanted)
      await source.start()
      const status = source.status()
      const rows = await source.read()
      const tables = status.tables
        .filter(({ table }) => wanted.has(table))
        .map(({ table, state }) => ({ table, state, rows: rows.get(table)?.rows.length ?? 0 }))
      return { name: source.name, driver: source.driver, state: status.state, faults: status.faults, tables }
    }),
  )
  const shown = read.filter(({ tables }) => tables.length > 0)
  if (shown.some(({ faults }) => faults.some(({ severity }) => severity === 'error'))) context.exit = exitCodes.findings
  if (context.json) return context.answer({ sources: shown })
  const { paint } = context
  const words = { fresh: paint.green('fresh'), stale: paint.red('not read'), unread: paint.dim('unread') }
  context.table(
    [{ title: 'table' }, { title: 'rows', align: 'right' }, { title: 'state' }],
    shown.flatMap(({ tables }) => tables.map(({ table, state, rows }) => [table, String(rows), words[state]])),
  )
  context.warn(shown.flatMap(({ faults }) => faults))
  context.remark(
    `${count(shown.flatMap(({ tables }) => tables).length, 'table')} of ${count(shown.length, 'data source')}`,
  )
}

/** The sources with the named tables only; all of them when none is named. */
function choose<T extends DescribedSource>(sources: readonly T[], names: readonly string[]): DescribedSource[] {
  const known = sources.flatMap(({ tables }) => tables.map(({ table }) => table))
  const unknown = names.find(name => !known.includes(name))
  if (unknown !== undefined) {
    const near = nearestName(unknown, known)
    fail('data/unknown-table', `no data source has a table \`${unknown}\``, {
      help: near ? `did you mean \`${near}\`?` : '`usher tables` lists all of them',
    })
  }
  return sources
    .map(({ name, driver, description, tables }) => ({
      name,
      driver,
      description,
      tables: tables.filter(({ table }) => names.length === 0 || names.includes(table)),
    }))
    .filter(({ tables }) => tables.length > 0)
}

function howOften({ interval, lazy }: LiveTable): string {
  if (interval === undefined) return 'when it changes'
  return `every ${interval} s${lazy ? ' when needed' : ''}`
}

function columnText({ name, unit }: LiveTable['columns'][number]): string {
  return unit === undefined ? name : `${name} (${unit})`
}
