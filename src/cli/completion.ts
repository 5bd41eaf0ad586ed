import { readdirSync } from 'node:fs'
import { builtins, type Program } from '../language/index.ts'

const WORDS = ['not ', 'count : { ', 'sum ', 'mean ', 'min ', 'max ']

/** Ways to go on with the last word of a line, and that word: the form that readline wants. */
export function complete(line: string, program: Program, commands: readonly string[]): [string[], string] {
  if (/^:\S*$/.test(line)) return [commands.filter(c => c.startsWith(line)), line]
  const path = /^:(?:load|data)\s+(?:.*\s)?(\S*)$/.exec(line)
  if (path) return [files(path[1]!), path[1]!]
  const word = /[\w:.]*$/.exec(line)![0]
  const found = [...columnsAt(line, program).map(c => `${c}=`), ...names(program), ...builtins.keys(), ...WORDS]
  return [[...new Set(found)].filter(name => name.startsWith(word)), word]
}

function names(program: Program): string[] {
  return [...program.tables.values()].flatMap(t => (t.kind === 'derived' ? [t.display, t.name] : [t.name]))
}

/** Columns of the table whose bracket is open at the end of the line. */
function columnsAt(line: string, program: Program): readonly string[] {
  const open = /([\w:.]+)\([^()]*$/.exec(line)
  return (open && program.tables.get(open[1]!)?.columns) || []
}

function files(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
      .map(entry => folder + entry.name + (entry.isDirectory() ? '/' : ''))
      .filter(name => name.startsWith(path))
  } catch {
    return []
  }
}
