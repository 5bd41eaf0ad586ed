import { renameSync, writeFileSync } from 'node:fs'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'
import { format } from '../language/index.ts'
import { readPolicyFiles, type Sources } from './policy-files.ts'

export interface FormatResult {
  readonly file: string
  readonly text: string
  /** The file is laid out differently. */
  readonly changed: boolean
}

/** Lay policies out in the one style. With `write`, none is written unless all of them parse. */
export async function formatFiles(
  files: readonly string[],
  options: { readonly write: boolean },
  sources: Sources,
): Promise<FormatResult[]> {
  const read = await readPolicyFiles(files, sources)
  const problems: Diagnostic[] = []
  const results = read.flatMap(({ file, text: before }): FormatResult[] => {
    const { text, diagnostics } = format(before, file)
    problems.push(...diagnostics)
    return text === undefined ? [] : [{ file, text, changed: text !== before }]
  })
  if (problems.length > 0) throw new DiagnosticError(problems)
  if (options.write) for (const { file, text, changed } of results) if (changed) replaceFile(file, text)
  return results
}

/** All of the new text or all of the old, whatever happens in between. */
function replaceFile(file: string, text: string): void {
  const draft = `${file}.usher-new`
  writeFileSync(draft, text)
  renameSync(draft, file)
}
