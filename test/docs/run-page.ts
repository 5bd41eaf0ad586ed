import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { folderOf, top, usher } from '../cli/usher.ts'

/** Times differ from run to run; model sizes may as the translation gets better. */
function withoutFigures(text: string): string {
  return text
    .replace(/· model of \d+ columns and \d+ rows · \d+ ms/g, '· model · ms')
    .replace(/ {2}[\d.]+ s$/gm, '  s')
    .replace(/, read \d{4}-\d\d-\d\d [\d:.]+Z$/gm, '')
    .trimEnd()
}

/** Words of a command line; single quotes keep words together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(match => match[1] ?? match[2]!)
}

/**
 * Do what a page of the documentation says, in an empty folder: blocks with a file's name are written, commands in `console` blocks are
 * run and give what is shown under them. Returns how many there were.
 */
export async function runPage(path: string): Promise<number> {
  const page = readFileSync(join(top, path), 'utf8')
  const folder = folderOf({})
  const before = process.cwd()
  process.chdir(folder)
  onTestFinished(() => process.chdir(before))
  let commands = 0
  for (const [, kind = '', file = '', text = ''] of page.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm))
    if (kind === 'console')
      for (const [, line = '', expected = ''] of text.matchAll(/^\$ usher (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
        commands++
        const { out, err } = await usher(words(line))
        expect(withoutFigures(out || err), line).toBe(withoutFigures(expected))
      }
    else if (file !== '') {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
  return commands
}
