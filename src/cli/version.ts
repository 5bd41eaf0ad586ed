import { readFileSync } from 'node:fs'

/** The version in package.json, which is above src/cli as above dist/src/cli. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json'])
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version
    } catch {}
  return 'unknown'
}
