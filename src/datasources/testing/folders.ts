import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DiagnosticError } from '../../diagnostic/index.ts'

const made: string[] = []

/** A temporary folder with these files, by path. */
export function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-folder-'))
  made.push(folder)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Remove the folders made so far. */
export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** What went wrong, one line each: `code file:line:column`, files relative to `folder`. */
export async function findingsOf(folder: string, promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (error === undefined) return []
  if (!(error instanceof DiagnosticError)) throw error
  return error.diagnostics.map(({ code, span }) => {
    const place = span ? ` ${span.file.replace(`${folder}/`, '')}:${span.line}:${span.column}` : ''
    return `${code.replace('data/', '')}${place}`
  })
}
