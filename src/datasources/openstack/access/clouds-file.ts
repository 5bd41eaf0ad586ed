import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { fail, nearestName, type Span } from '../../../diagnostic/index.ts'
import { type Environment, readConfigFile } from '../../config/index.ts'
import { looseAuthSettings } from './auth-settings.ts'

const cloud = z.looseObject({
  auth: looseAuthSettings.optional(),
  region_name: z.string().optional(),
  interface: z.string().optional(),
  endpoint_type: z.string().optional(),
  cacert: z.string().optional(),
  verify: z.union([z.boolean(), z.string()]).optional(),
})

const cloudsFile = z.looseObject({ clouds: z.record(z.string(), cloud.nullable()).default({}) })

export type CloudEntry = z.infer<typeof cloud>

/**
 * A cloud of clouds.yaml: where `file` says, else in this folder, ~/.config/openstack or /etc/openstack, first found; secure.yaml beside it
 * may hold what is secret. Throws a `DiagnosticError` when there is no such cloud.
 */
export async function readCloudsFile(
  name: string,
  file: string | undefined,
  environment: Environment,
): Promise<{ cloud: CloudEntry; file: string; span: Span }> {
  const home = environment['HOME'] ?? homedir()
  const places = file
    ? [file]
    : [
        environment['OS_CLIENT_CONFIG_FILE'],
        'clouds.yaml',
        join(home, '.config/openstack/clouds.yaml'),
        '/etc/openstack/clouds.yaml',
      ].filter(place => place !== undefined)
  const found = file ?? places.find(place => existsSync(place))
  if (found === undefined) {
    fail('source/no-cloud', `there is no clouds.yaml that could tell of the cloud \`${name}\``, {
      help: `it is looked for in ${places.map(place => `\`${place}\``).join(', ')}`,
    })
  }
  // Other programs read the file too: `${…}` in it is theirs, and stays.
  const { value, placeOf } = await readConfigFile(found, cloudsFile, undefined)
  const entry = value.clouds[name]
  if (!entry) {
    const names = Object.keys(value.clouds)
    const near = nearestName(name, names)
    fail('source/no-cloud', `\`${found}\` has no cloud \`${name}\``, {
      help: near ? `did you mean \`${near}\`?` : `it has ${names.map(n => `\`${n}\``).join(', ') || 'none'}`,
      span: placeOf(['clouds']),
    })
  }
  const secureFile = join(dirname(found), 'secure.yaml')
  const secure = existsSync(secureFile)
    ? (await readConfigFile(secureFile, cloudsFile, undefined)).value.clouds[name]
    : undefined
  const merged = { ...entry, ...secure, auth: { ...entry.auth, ...secure?.auth } }
  return { cloud: merged, file: found, span: placeOf(['clouds', name]) }
}
