import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs of other people that judge the evaluator. */
export interface Tools {
  /** The folder with `postgres`, `initdb` and `psql`. */
  readonly postgres: string | undefined
  readonly clingo: string | undefined
}

/** What is installed now. Debian keeps the server's programs outside the search path. */
export function findTools(): Tools {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map(v => join(debian, v, 'bin')), ...(process.env['PATH'] ?? '').split(delimiter)]
  const whole = (folder: string) => ['postgres', 'initdb', 'psql'].every(name => existsSync(join(folder, name)))
  const clingo = folders.map(folder => join(folder, 'clingo')).find(path => existsSync(path))
  return { postgres: folders.find(whole), clingo }
}

/** Install what is missing from Debian's packages; says clearly what it can't. */
export function installTools(say: (line: string) => void): Tools {
  const found = findTools()
  // The package of clingo is `gringo`.
  const wanted = [...(found.postgres ? [] : ['postgresql']), ...(found.clingo ? [] : ['gringo'])]
  if (wanted.length === 0) return found
  say(`installing ${wanted.join(' and ')} …`)
  const aptGet = (...args: string[]) =>
    execFileSync('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  for (const name of wanted)
    try {
      try {
        aptGet('install', '-y', '--no-install-recommends', name)
      } catch {
        aptGet('update')
        aptGet('install', '-y', '--no-install-recommends', name)
      }
    } catch (error) {
      const reason = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message)
        .trim()
        .split('\n')
        .at(-1)
      say(`can't install ${name}: ${reason}. Its comparisons are left out; install it by hand and run again`)
    }
  return findTools()
}
