import { type CodeDoc, loadCodeDocs } from '../../src/diagnostic/index.ts'

const codeDocs = await loadCodeDocs()

/** What the first part of a code stands for, in the order of the page. */
const rooms: Readonly<Record<string, string>> = {
  language: 'Policies',
  data: 'Data',
  source: 'Data sources',
  action: 'Actions on clouds',
  datalog: 'Evaluation',
  sql: 'Policies as SQL',
  placement: 'Placement',
  solver: 'Solvers',
  plan: 'Plans',
  workflow: 'Workflows',
  store: 'The database',
  control: 'The service',
  api: 'The HTTP API',
  cli: 'The command line',
}

/** docs/reference/diagnostics.md, made from the lists of codes. */
export function diagnosticsPage(): string {
  const codes = Object.entries(codeDocs).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const stray = codes.filter(([code]) => !(roomOf(code) in rooms))
  if (stray.length > 0) throw new Error(`no heading for ${stray.map(([code]) => code).join(', ')}`)
  const sections = Object.entries(rooms).flatMap(([room, heading]) => {
    const entries = codes.filter(([code]) => roomOf(code) === room)
    return entries.length > 0 ? [`## ${heading}`, ...entries.map(([code, doc]) => entry(code, doc))] : []
  })
  return `${[opening, ...sections].join('\n\n')}\n`
}

const opening = `# Diagnostics

Every message of Usher about a policy, a cloud or a command carries a code, in square brackets behind the message. Codes are
stable: a code never changes its meaning and is never used again for another. This page is made from the lists in
\`src/diagnostic/codes\`; \`npx vitest run test/docs --update\` makes it anew.`

function roomOf(code: string): string {
  return code.slice(0, code.indexOf('/'))
}

function entry(code: string, doc: CodeDoc): string {
  return `### \`${code}\`\n\n**${doc.title[0]!.toUpperCase()}${doc.title.slice(1)}.** ${doc.why} ${doc.mend}`
}
