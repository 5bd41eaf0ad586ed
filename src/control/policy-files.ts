import { readFile } from 'node:fs/promises'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'

/** Texts of the files read so far, by the name the user gave; callers keep it to show excerpts in messages. */
export type Sources = Map<string, string>

/** Read policy files, reporting every one that can't be read at once. */
export async function readPolicyFiles(
  files: readonly string[],
  sources: Sources,
): Promise<readonly { readonly file: string; readonly text: string }[]> {
  const problems: Diagnostic[] = []
  const read = await Promise.all(
    files.map(async file => {
      try {
        const text = await readFile(file, 'utf8')
        sources.set(file, text)
        return { file, text }
      } catch (error) {
        problems.push(unreadable(file, error))
        return undefined
      }
    }),
  )
  if (problems.length > 0) throw new DiagnosticError(problems)
  return read.filter(policy => policy !== undefined)
}

function unreadable(file: string, error: unknown): Diagnostic {
  const code = (error as NodeJS.ErrnoException).code
  if (code === undefined) throw error
  const base = { code: 'cli/policy-unreadable', severity: 'error' } as const
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return { ...base, message: `there is no policy file \`${file}\``, help: 'check the path' }
  if (code === 'EISDIR')
    return {
      ...base,
      message: `\`${file}\` is a folder`,
      help: `name the policy files in it, for example \`${file}/*.dl\``,
    }
  if (code === 'EACCES' || code === 'EPERM')
    return { ...base, message: `no permission to read \`${file}\``, help: 'check its permissions' }
  return { ...base, message: `\`${file}\` can't be read (${code})`, help: 'check the file and its disk' }
}
