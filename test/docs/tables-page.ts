import { type DescribedSource, describedSources, type LiveTable } from '../../src/datasources/index.ts'

/** docs/reference/tables.md, made from the descriptions that the tables are read by. */
export async function tablesPage(): Promise<string> {
  return `${[opening, ...(await describedSources()).flatMap(section)].join('\n\n')}\n`
}

const opening = `# Tables of OpenStack

What the data sources of the driver \`openstack\` give; [the guide](../guides/openstack.md) says how to set them up, and \`usher tables\` prints
the same. Where Congress had a table, its name and its first columns are Congress's, in Congress's order: policies that read it by
position or by name run unchanged. Columns may be left out from the end, and named in any order: \`nova:servers(id=vm, zone=z)\`.

Times are ISO 8601, in UTC. *When needed*: read only while some policy reads the table. This page is made by
\`npx vitest run test/docs --update\`.`

function section({ name, driver, description, tables }: DescribedSource): string[] {
  return [`## ${name}\n\n${description}. Driver \`${driver}\`.`, ...tables.map(tableText)]
}

function tableText({ table, description, columns, lazy, interval }: LiveTable): string {
  const often = `Read every ${interval} s${lazy ? ' when needed' : ''}.`
  const rows = columns.map(
    ({ name, type = 'any', unit, description: text = '' }) =>
      `| \`${name}\` | ${type}${unit ? `, ${unit}` : ''} | ${text.replaceAll('|', '\\|')} |`,
  )
  return [
    `### \`${table}\``,
    '',
    `${description}. ${often}`,
    '',
    '| column | type | |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n')
}
