import { dirname } from 'node:path'
import type { z } from 'zod'
import { DiagnosticError, type Span } from '../../diagnostic/index.ts'
import { readText } from '../file/folder.ts'
import { Findings } from '../file/source-text.ts'
import { parseYaml } from '../file/yaml.ts'
import { inWords, issuesOf, placeInYaml, placeOfIssue, placeOfKey } from '../file/yaml-issues.ts'
import { type Environment, fillIn } from './environment.ts'

/** Where an entry of the file stands, by the way to it; or where its name does. */
export type PlaceOf = (path: readonly PropertyKey[], name?: boolean) => Span

/** How settings that are wrong are spoken of. */
export interface Refusal {
  readonly code: string
  readonly help: string
}

const SOURCES: Refusal = {
  code: 'source/bad-config',
  help: 'docs/guides/openstack.md shows the settings of data sources',
}

/**
 * Read a YAML file of settings: environment variables and files filled in (where there is an environment), checked by a schema. Throws a
 * `DiagnosticError` with everything that is wrong, each with its place.
 */
export async function readConfigFile<T>(
  path: string,
  schema: z.ZodType<T>,
  environment: Environment | undefined,
  { code, help }: Refusal = SOURCES,
): Promise<{ value: T; placeOf: PlaceOf }> {
  const findings = new Findings()
  const source = await readText(path, findings)
  const document = source && parseYaml(source, findings, { intAsBigInt: false })
  if (!source || !document) throw new DiagnosticError(findings.list())
  if (environment) fillIn(document, source, environment, dirname(path), findings)
  const parsed = schema.safeParse(document.toJS() ?? {})
  for (const issue of parsed.success ? [] : issuesOf(parsed.error)) {
    findings.error(code, inWords(issue), placeOfIssue(source, document, issue), { help })
  }
  if (!parsed.success || findings.errors > 0) throw new DiagnosticError(findings.list())
  return { value: parsed.data, placeOf: (way, name) => (name ? placeOfKey : placeInYaml)(source, document, way) }
}
