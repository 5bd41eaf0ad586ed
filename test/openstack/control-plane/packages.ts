import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const PACKAGES = [
  'mariadb-server',
  'rabbitmq-server',
  'memcached',
  'python3-nova',
  'python3-keystone',
  'python3-glance',
  'python3-placement',
  'python3-gnocchi',
  'python3-cinder',
  'python3-pymysql',
  'python3-memcache',
]

/** Why no control plane can run here, in words; undefined: it can. Installs what is missing. */
export function installPackages(say: (line: string) => void): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (process.getuid?.() !== 0)
    return 'it needs the superuser: it installs Debian packages and starts servers as their own users'
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  if (!/^ID=debian$/m.test(release)) return 'it needs Debian, whose packages hold OpenStack'
  const missing = PACKAGES.filter(name => !isInstalled(name))
  if (missing.length === 0) return undefined
  say(`installing ${missing.join(', ')}`)
  const update = apt(['update', '-qq'])
  if (update.status !== 0) return `the package lists can not be read:\n${update.stderr}`
  const options = ['-o', 'DPkg::Lock::Timeout=900', '-o', 'Dpkg::Options::=--force-confold']
  const install = apt(['install', '-y', '-q', '--no-install-recommends', ...options, ...missing])
  if (install.status !== 0) return `${missing.join(', ')} can not be installed:\n${install.stderr.slice(-2000)}`
  return undefined
}

function isInstalled(name: string): boolean {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own form.
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' })
  return stdout.includes('ok installed')
}

/** `policy-rc.d` keeps packages from starting their own servers where it exists; RUNLEVEL=1 does where it does not. */
function apt(args: readonly string[]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  return spawnSync('apt-get', args, { encoding: 'utf8', env, maxBuffer: 1 << 28 })
}
