/**
 * Diagnostics: the one type for telling a user what is wrong, its stable codes, and its rendering.
 * Takes spans and messages, gives text. Knows nothing of policies, tables or clouds; every room may import it.
 */
import type { CodeDoc } from './codes/index.ts'

export type { CodeDoc } from './codes/index.ts'
export { type Diagnostic, DiagnosticError, fail, type Note, type Severity, type Span } from './diagnostic.ts'
export { type RenderOptions, renderDiagnostic, renderDiagnostics, type SourceTexts } from './render.ts'
export { nearestName } from './suggest.ts'

/** What every code means. Many texts that only documentation and tests read: they load when they are asked for. */
export async function loadCodeDocs(): Promise<Readonly<Record<string, CodeDoc>>> {
  return (await import('./codes/index.ts')).codeDocs
}
