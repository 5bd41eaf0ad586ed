import { dirname, resolve } from 'node:path'
import { fail, type Span } from '../../../diagnostic/index.ts'
import type { Environment } from '../../config/index.ts'
import type { ReachSettings } from '../../http/index.ts'
import type { CloudAccess, Interface } from '../keystone/index.ts'
import { type AuthSettings, authSettings, authWords, loginOf } from './auth-settings.ts'
import { readCloudsFile } from './clouds-file.ts'

export interface AccessSettings extends ReachSettings {
  /** A cloud of clouds.yaml. */
  readonly cloud?: string | undefined
  readonly cloudsFile?: string | undefined
  readonly auth?: AuthSettings | undefined
  readonly region?: string | undefined
  readonly interface?: Interface | undefined
  readonly endpoints?: Readonly<Record<string, string>> | undefined
  readonly microversions?: Readonly<Record<string, string>> | undefined
}

/**
 * How to get into a cloud: what the settings say goes before what clouds.yaml says. Where they name neither a cloud nor a login, the
 * variables `OS_*` tell, as they do for OpenStack's own commands. Throws a `DiagnosticError` when something is missing.
 */
export async function cloudAccess(
  settings: AccessSettings,
  { environment, base, span }: { environment: Environment; base: string; span?: Span | undefined },
): Promise<{ access: CloudAccess; reaching: ReachSettings }> {
  const fromVariables = settings.cloud === undefined && settings.auth === undefined
  const name = settings.cloud ?? (fromVariables ? environment['OS_CLOUD'] : undefined)
  const cloudsPath = settings.cloudsFile === undefined ? undefined : resolve(base, settings.cloudsFile)
  const found = name === undefined ? undefined : await readCloudsFile(name, cloudsPath, environment)
  const variable = (word: string) => (fromVariables ? environment[word] || undefined : undefined)
  const auth: AuthSettings = {
    ...(found ? knownWords(found.cloud.auth ?? {}) : {}),
    ...(fromVariables ? authOfVariables(environment) : {}),
    ...settings.auth,
  }
  const where = settings.auth
    ? '`auth`'
    : found
      ? `the cloud \`${name}\` of \`${found.file}\``
      : 'the environment (`OS_*`)'
  const { authUrl, login } = loginOf(auth, where, found?.span ?? span)
  const face = settings.interface ?? variable('OS_INTERFACE') ?? found?.cloud.interface ?? found?.cloud.endpoint_type
  const region = settings.region ?? variable('OS_REGION_NAME') ?? found?.cloud.region_name
  const cacert = variable('OS_CACERT') ?? (found?.cloud.cacert && resolve(dirname(found.file), found.cloud.cacert))
  const verify = found?.cloud.verify
  return {
    access: {
      authUrl,
      login,
      interface: interfaceOf(face, where, span),
      ...(region === undefined ? {} : { region }),
      endpoints: settings.endpoints ?? {},
      microversions: settings.microversions ?? {},
    },
    reaching: {
      ...settings,
      caFile: settings.caFile ?? cacert,
      insecure: settings.insecure ?? (verify === false || verify === 'false' ? true : undefined),
    },
  }
}

function authOfVariables(environment: Environment): AuthSettings {
  const given = authWords.flatMap(word => {
    const value = environment[`OS_${word.toUpperCase()}`]
    return value ? [[word, value]] : []
  })
  return authSettings.parse(Object.fromEntries(given))
}

function knownWords(auth: Readonly<Record<string, unknown>>): AuthSettings {
  return Object.fromEntries(Object.entries(auth).filter(([word]) => (authWords as string[]).includes(word)))
}

function interfaceOf(face: string | undefined, where: string, span: Span | undefined): Interface {
  const plain = (face ?? 'public').replace(/URL$/, '')
  if (plain === 'public' || plain === 'internal' || plain === 'admin') return plain
  fail('source/incomplete-login', `the interface \`${face}\` of ${where} is none`, {
    help: 'it is `public`, `internal` or `admin`',
    ...(span ? { span } : {}),
  })
}
