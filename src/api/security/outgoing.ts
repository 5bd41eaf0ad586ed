/**
 * Whether requests may be sent to a URL. Entries are `host`, which allows its usual port, `host:port`, and `*.example.org` for all hosts
 * below. A URL with a user or a password in it is never allowed.
 */
export function isAllowedHost(url: string, allowed: readonly string[]): boolean {
  const { hostname, port, username, password, protocol } = new URL(url)
  if (username !== '' || password !== '' || !/^https?:$/.test(protocol)) return false
  return allowed.some(entry => {
    const [, name, wantedPort = ''] = /^(.*?)(?::(\d+))?$/.exec(entry)!
    if (port !== wantedPort) return false
    const wanted = name!.toLowerCase()
    return wanted.startsWith('*.') ? hostname.endsWith(wanted.slice(1)) : hostname === wanted
  })
}
