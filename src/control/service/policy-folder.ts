import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from '../../diagnostic/index.ts'

/** A policy's file. */
export interface PolicyFile {
  readonly name: string
  /** Its first comment. */
  readonly description: string
  readonly text: string
}

/** Every `*.dl` file of a folder and of folders in it, by name. */
export async function readPolicyFolder(folder: string): Promise<readonly PolicyFile[]> {
  let entries: string[]
  try {
    entries = await readdir(folder, { recursive: true })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    return fail('control/policy-folder', `the folder of policies \`${folder}\` can't be read (${code})`, {
      help: 'correct `policies` in the configuration, or make the folder',
    })
  }
  const files = entries.filter(entry => entry.endsWith('.dl')).sort()
  return Promise.all(
    files.map(async file => {
      const text = await readFile(join(folder, file), 'utf8')
      return { name: nameOf(file), description: firstComment(text), text }
    }),
  )
}

/** The folder of the configuration, or the library that comes with the program. */
export async function readLibrary(folder: string | undefined): Promise<readonly PolicyFile[]> {
  const own = ['../../../policies', '../../../../policies'].map(up => fileURLToPath(new URL(up, import.meta.url)))
  const found = folder ?? own.find(path => existsSync(path))
  return found === undefined ? [] : readPolicyFolder(found)
}

/** A policy of the file: letters, digits and `_`. */
function nameOf(file: string): string {
  return basename(file, '.dl').replace(/[^A-Za-z0-9_]/g, '_')
}

function firstComment(text: string): string {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    const found = /^\s*(?:\/\/|#)\s?(.*)$/.exec(line)
    if (found) lines.push(found[1]!.trim())
    else if (lines.length > 0 || line.trim() !== '') break
  }
  return lines.join(' ')
}
