import { type Diagnostic, DiagnosticError } from '../diagnostic/index.ts'
import type { Context } from './context.ts'
import { type ExitCode, exitCodes, OutputError } from './io.ts'

/** Report whatever a command threw and choose the exit code: bad input is 2, an internal fault is 3, a limit reached is 4. */
export function reportFault(thrown: unknown, context: Context): ExitCode {
  const diagnostics = asDiagnostics(thrown)
  if (!diagnostics) return reportBug(thrown, context)
  if (context.json && !(thrown instanceof OutputError)) context.answer({ diagnostics })
  else context.remark(context.render(diagnostics, context.io.err))
  return diagnostics.every(d => d.code === 'datalog/limit') ? exitCodes.incomplete : exitCodes.badInput
}

/** The diagnostics inside anything thrown that is the user's or the machine's doing; undefined for a bug of ours. */
function asDiagnostics(thrown: unknown): readonly Diagnostic[] | undefined {
  if (thrown instanceof DiagnosticError) return thrown.diagnostics
  if (thrown instanceof OutputError) return [systemDiagnostic(thrown.cause) ?? outputDiagnostic(thrown)]
  const found = thrown instanceof Error ? systemDiagnostic(thrown) : undefined
  return found && [found]
}

/** Errors of the operating system and of SQLite that are no fault of the program. */
function systemDiagnostic(error: Error): Diagnostic | undefined {
  const { code, path } = error as NodeJS.ErrnoException
  const at = path === undefined ? '' : ` at \`${path}\``
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'SQLITE_FULL':
      return problem('cli/disk-full', `the disk is full${at}`, 'make room and run the command again; nothing was lost')
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
      return problem(
        'cli/no-access',
        `no permission to use the file or folder${at}`,
        'check its permissions, or choose another',
      )
    default:
      return undefined
  }
}

function outputDiagnostic(error: OutputError): Diagnostic {
  return problem('cli/output-failed', `writing the answer failed: ${error.message}`, 'write it somewhere else')
}

function problem(code: string, message: string, help: string): Diagnostic {
  return { code, severity: 'error', message, help }
}

function reportBug(thrown: unknown, context: Context): ExitCode {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const paint = context.paintErr
  context.remark(`${paint.red(paint.bold('internal fault'))}: ${message}`)
  context.remark('  this is a bug of Usher, not of your policy or data; please report it with the command you ran')
  if (context.debug && thrown instanceof Error) context.remark(thrown.stack ?? '')
  else context.remark('  run again with --debug to see where it happened')
  return exitCodes.fault
}
