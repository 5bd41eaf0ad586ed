import { usher } from '../cli/usher.ts'

/** docs/reference/cli.md, made from the help of every command. */
export async function cliPage(): Promise<string> {
  const main = await usher(['--help'])
  const names = [...main.out.matchAll(/^ {2}([a-z]+) \[/gm)].map(match => match[1]!)
  const sections = []
  for (const name of names) sections.push(`## usher ${name}\n\n${block((await usher([name, '--help'])).out)}`)
  return `${[opening, block(main.out), ...sections].join('\n\n')}\n`
}

const opening = `# Command line

From a checkout, write \`npm run usher --\` where \`usher\` stands here, or \`npm link\` once. This page is made from the commands' own help;
\`npx vitest run test/docs --update\` makes it anew.

Answers go to standard output, remarks and messages to standard error. On a terminal, tables have borders and colours (\`NO_COLOR\`
switches colours off, \`FORCE_COLOR\` on); anywhere else they are plain aligned text. With \`--json\` the answer is one JSON document;
bad input then gives \`{"diagnostics": […]}\`.`

function block(text: string): string {
  return `\`\`\`\n${text.trimEnd()}\n\`\`\``
}
