import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'

/** SQLite's code of a thrown value (`SQLITE_BUSY`, `SQLITE_IOERR_WRITE`, …), if it is one of SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined
}

/** Whether waiting may help: another connection holds a lock. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error) ?? ''
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')
}

/**
 * What SQLite threw, in words a user can act on. Faults of our own (a wrong statement, a broken constraint) come back as they are.
 */
export function explainFault(error: unknown, file: string): unknown {
  const code = sqliteCode(error)
  if (!code) return error
  if (isBusy(error))
    return diagnostic('store/locked', `the database \`${file}\` is locked by another process`, {
      help: 'end the other process, or try again when it is done',
    })
  if (code === 'SQLITE_FULL')
    return diagnostic('store/disk-full', `no room left to write the database \`${file}\``, {
      help: 'free space on its disk and run the command again: nothing that was recorded before is lost',
    })
  if (code.startsWith('SQLITE_READONLY')) return readOnly(file)
  if (code.startsWith('SQLITE_NOTADB'))
    return diagnostic('store/not-a-database', `\`${file}\` is not a database`, {
      help: 'give the path of a database that usher made, or of a file that does not exist yet',
    })
  if (code.startsWith('SQLITE_CORRUPT'))
    return diagnostic('store/damaged', `the database \`${file}\` is damaged`, {
      help: 'restore it from a copy, or start with a new file',
    })
  if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_CANTOPEN')
    return diagnostic('store/io', `the database \`${file}\` can't be read or written (${code})`, {
      help: 'check the disk and the permissions of the file and its folder',
    })
  return error
}

/**
 * Why a database file could not be opened. The driver says only "14", so the operating system is asked: opening for writing tells
 * what stands in the way. Leaves no file behind.
 */
export function explainOpenFailure(file: string, error: unknown): unknown {
  if (sqliteCode(error)) return explainFault(error, file)
  const folder = dirname(file)
  if (!existsSync(folder))
    return diagnostic('store/no-folder', `the folder \`${folder}\` of the database does not exist`, {
      help: `make it with \`mkdir -p ${folder}\`, or give another path`,
    })
  if (!statSync(folder).isDirectory())
    return diagnostic('store/no-folder', `\`${folder}\` is not a folder, so the database \`${file}\` can't be in it`, {
      help: 'give another path',
    })
  if (existsSync(file) && statSync(file).isDirectory())
    return diagnostic('store/not-a-database', `\`${file}\` is a folder, not a database`, {
      help: `give the path of a file, such as \`${file}/usher.db\``,
    })
  try {
    closeSync(openSync(file, existsSync(file) ? 'r+' : 'wx+'))
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(code)) return readOnly(file)
    return diagnostic('store/io', `the database \`${file}\` can't be opened (${code})`, {
      help: 'check the disk and the permissions of the file and its folder',
    })
  }
  return error
}

function readOnly(file: string): DiagnosticError {
  return diagnostic(
    'store/read-only',
    `the database \`${file}\` can't be written: the file or its folder is read-only`,
    {
      help: 'make the file and its folder writable, or give another path',
    },
  )
}

function diagnostic(code: string, message: string, more: Pick<Diagnostic, 'help'>): DiagnosticError {
  return new DiagnosticError([{ code, severity: 'error', message, ...more }])
}
