import { z } from 'zod'
import { apiSettingsSchema } from '../../src/api/index.ts'
import { configSchema } from '../../src/control/service/config.ts'

interface Part {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Part>>
  readonly items?: Part
  readonly anyOf?: readonly Part[]
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly additionalProperties?: Part | boolean
}

/** `docs/reference/configuration.md`, from the schema that checks the file. */
export function configurationPage(): string {
  const schema = z.toJSONSchema(configSchema.extend({ api: apiSettingsSchema.prefault({}) }), {
    io: 'input',
    unrepresentable: 'any',
  }) as Part
  const lines = Object.entries(schema.properties ?? {}).flatMap(([name, part]) => [
    `## \`${name}\``,
    '',
    ...(part.description ? [`${sentence(part.description)}`, ''] : []),
    ...(name === 'datasources' ? [SOURCES, ''] : table(part)),
  ])
  return `${HEAD}\n${lines.join('\n').trimEnd()}\n`
}

function table(part: Part): string[] {
  const rows = rowsOf(part, '')
  return rows.length === 0 ? [] : ['| entry | what it is |', '| --- | --- |', ...rows, '']
}

function rowsOf(part: Part, path: string): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([name, inner]) => {
    const full = path === '' ? name : `${path}.${name}`
    const choices = inner.enum ? `one of ${inner.enum.map(value => `\`${value}\``).join(', ')}` : ''
    const words = [inner.description, choices].filter(Boolean).join('; ')
    const nested = inner.properties
      ? inner
      : inner.items?.properties
        ? inner.items
        : inner.anyOf?.find(p => p.properties)
    const own = words === '' && nested ? [] : [`| \`${full}\` | ${words.replaceAll('|', '\\|') || kindOf(inner)} |`]
    return [...own, ...(nested ? rowsOf(nested, inner.items ? `${full}[]` : full) : [])]
  })
}

function kindOf({ type, default: otherwise }: Part): string {
  const what =
    type === 'boolean' ? '`true` or `false`' : type === 'number' || type === 'integer' ? 'a number' : 'a text'
  return otherwise === undefined || typeof otherwise === 'object' ? what : `${what} (${otherwise})`
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const HEAD = `# Configuration

\`usher serve\`, \`usher doctor\` and \`usher tables\` read one YAML file, \`usher.yaml\`. Every mistake in it is named with its line.
This page is made from what checks the file.

A text may name an environment variable, \`\${NAME}\` or \`\${NAME:-otherwise}\`, or the contents of a file, \`\${file:/run/secrets/password}\`, so that secrets
need not stand in it; \`$\${\` is a \`\${\` that is meant. Paths are relative to the file. A length of time is a number of seconds or a
text such as \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`90d\`. Defaults are in brackets.

\`\`\`yaml
datasources:
  - driver: simulator
    name: cloud
    path: cloud/
database:
  url: postgres://usher:\${DB_PASSWORD}@db.example.org/usher
policies:
  folder: policies/
  mode: advise
control:
  schedules: [{ cron: '0 * * * *' }]
  hysteresis: { lasting: 30s, rest: 10m, movesPerHour: 60, quiet: [{ from: '22:00', to: '06:00' }] }
  domains: { table: { name: 'nova:services', host: host, domain: zone } }
\`\`\`
`

const SOURCES =
  'Each has a `driver`: `openstack`, `prometheus`, `push`, `folder` or `simulator`. [OpenStack](../guides/openstack.md) and what else there is.'
