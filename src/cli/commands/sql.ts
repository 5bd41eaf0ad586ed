import type { Command } from 'commander'
import type { SqlTranslation } from '../../sql/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'
import { count } from '../words.ts'

interface SqlOptions extends DataOptions {
  readonly inserts: boolean
}

/** `usher sql`: the policies as PostgreSQL views. */
export function addSql(program: Command, context: Context): Command {
  const command = program
    .command('sql')
    .summary('print the policies as PostgreSQL views')
    .description(
      'Print the policies as PostgreSQL: a table for each data table that the rules read, a view for each table that they define.\n' +
        'The views give exactly the tuples that Usher derives. Rules without an exact form are left out and named.\n' +
        'Exit code 1: there is such a rule.',
    )
    .argument('<policy...>', 'policy files')
    .option('--inserts', "write the folder's rows too, so that the script can be run as it stands", false)
    .action((policies: string[], options: SqlOptions) => sql(policies, options, context))
  addDataOptions(command, false)
  return examples(command, [
    [
      'usher sql policies/nfv-poc/{ha,balance,capacity}.dl --data fixtures/nfv-poc --inserts | psql',
      'check a cloud with PostgreSQL',
    ],
  ])
}

async function sql(policies: readonly string[], options: SqlOptions, context: Context): Promise<void> {
  const { openWorld } = await import('../../control/index.ts')
  const { translateToSql } = await import('../../sql/index.ts')
  const world = await openWorld({ policies, ...options }, context.sources)
  const translation = translateToSql(world.program, { tables: world.tables, inserts: options.inserts })
  const { refused } = translation
  if (refused.length > 0) context.exit = exitCodes.findings
  if (context.json) return context.answer({ ...jsonAnswer(translation), warnings: world.warnings })
  context.warn([...world.warnings, ...refused.map(r => r.diagnostic)])
  context.io.out.write(translation.text)
  if (refused.length > 0) context.remark(`${count(refused.length, 'rule')} left out`)
}

function jsonAnswer({ text, tables, views, refused }: SqlTranslation) {
  const place = (rule: { span: { file: string; line: number } }) => `${rule.span.file}:${rule.span.line}`
  return {
    sql: text,
    tables: tables.map(({ table, name, columns }) => ({ table, name, columns })),
    views: views.map(({ table, name, columns, complete, rules }) => ({
      table,
      name,
      columns,
      complete,
      rules: rules.map(place),
    })),
    refused: refused.map(({ rule, diagnostic }) => ({
      rule: rule.text,
      place: place(rule),
      code: diagnostic.code,
      reason: diagnostic.message,
    })),
  }
}
