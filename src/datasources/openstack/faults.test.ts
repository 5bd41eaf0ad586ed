import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { HttpClient, Secret } from '../http/index.ts'
import { ServiceClient, services } from './clients/index.ts'
import { Session } from './keystone/index.ts'
import { rowsOf, sourcesOf, startAll, until } from './testing/cloud.ts'
import { PASSWORD, type Replay, recordedItems, startReplay } from './testing/replay.ts'

let replay: Replay
beforeEach(async () => {
  replay = await startReplay()
})
afterEach(() => replay.close())

const fixtures = join(import.meta.dirname, '../../../fixtures/openstack')

/** Code and message of each fault of Nova's source, all tables wanted. */
async function faultsOfNova(more: Readonly<Record<string, unknown>> = {}, cloud = replay) {
  const { nova } = await sourcesOf(cloud, more)
  await startAll(nova!)
  const found = nova!.status().faults
  expect(inspect(found, { depth: 9 })).not.toContain(PASSWORD)
  return {
    nova: nova!,
    faults: found.map(({ code, message }) => `${code}: ${message.replace(/:\d{4,5}\b/g, ':PORT')}`),
  }
}

const forbidden = {
  status: 403,
  body: { forbidden: { code: 403, message: "Policy doesn't allow it to be performed." } },
}

describe('a cloud that can not be read says so once, in one sentence:', () => {
  it('an address where nothing listens', async () => {
    const auth = { auth_url: 'http://127.0.0.1:9/v3', username: 'admin', password: PASSWORD, project_name: 'admin' }
    const session = new Session(new HttpClient({ backOff: 1 }), {
      authUrl: auth.auth_url,
      login: {
        kind: 'password',
        user: { name: 'admin' },
        password: new Secret(PASSWORD),
        scope: { project: { name: 'admin' } },
      },
      interface: 'public',
      endpoints: {},
      microversions: {},
    })
    await expect(session.identity()).rejects.toThrow(
      "Keystone at `http://127.0.0.1:9/v3/auth/tokens` can't be reached: nothing listens there",
    )
  })

  it('an address of something else', async () => {
    const auth = { auth_url: `${replay.url}/elsewhere`, username: 'admin', password: PASSWORD, project_name: 'admin' }
    const { faults, nova } = await faultsOfNova({ auth })
    expect(faults).toEqual([
      'source/login-refused: Keystone at `http://127.0.0.1:PORT/elsewhere/v3/auth/tokens` refused the login: The request you have made requires authentication',
    ])
    expect(nova.status().state).toBe('failing')
  })

  it('a wrong password', async () => {
    replay.password = 'another'
    const { faults, nova } = await faultsOfNova()
    expect(faults).toEqual([
      'source/login-refused: Keystone at `http://127.0.0.1:PORT/identity/v3/auth/tokens` refused the login: The request you have made requires authentication',
    ])
    expect(nova.status().tables.every(({ state, because }) => state === 'stale' && because !== undefined)).toBe(true)
  })

  it('a user without the role, while other tables are read', async () => {
    replay.answer('/compute/v2.1/os-services', () => forbidden)
    const { faults, nova } = await faultsOfNova()
    expect(faults).toEqual([
      "source/forbidden: Nova at `http://127.0.0.1:PORT/compute/v2.1/os-services` does not allow this user to see or do that: Policy doesn't allow it to be performed",
    ])
    const stale = nova.status().tables.filter(({ state }) => state !== 'fresh')
    expect(stale.map(({ table }) => table)).toEqual(['nova:services'])
    expect(await rowsOf(nova, 'nova:servers')).toHaveLength(10)
  })

  it('hosts that are hidden from the user', async () => {
    const servers = recordedItems('compute', '/v2.1/servers/detail', 'servers').map(
      ({ 'OS-EXT-SRV-ATTR:host': _, ...server }) => server,
    )
    replay.answer('/compute/v2.1/servers/detail', () => ({ body: { servers } }))
    const { faults, nova } = await faultsOfNova()
    expect(faults).toEqual([
      'source/hosts-hidden: Nova does not show this user on which hosts servers are, so that `nova:location` is empty',
    ])
    expect(await rowsOf(nova, 'nova:servers')).toHaveLength(10)
  })

  it('a service that is not in the catalogue, while others are read', async () => {
    replay.missing.add('placement')
    const { nova, placement } = await sourcesOf(replay)
    await startAll(nova!)
    await startAll(placement!)
    expect(placement!.status().faults.map(({ message }) => message)).toEqual([
      "the cloud's catalogue has no Placement (service type `placement`)",
    ])
    expect(nova!.status().state).toBe('running')
  })

  it('a login for no project', async () => {
    for (const service of ['identity', 'compute', 'placement', 'image', 'network', 'metric'])
      replay.missing.add(service)
    const { faults } = await faultsOfNova()
    expect(faults).toEqual(['source/no-service: Keystone gives this login no catalogue: it is for no project'])
  })

  it('a region that the cloud does not have', async () => {
    const { faults } = await faultsOfNova({ region: 'RegionTwo' })
    expect(faults).toEqual(['source/no-service: Nova is not in the region `RegionTwo`'])
  })

  it('a certificate that is not known, for another name, or known', async () => {
    const secure = await startReplay({ tls: true })
    onTestFinished(() => secure.close())
    const login = { username: 'admin', password: PASSWORD, project_name: 'admin' }
    const named = secure.authUrl.replace('127.0.0.1', 'localhost')
    const at = (authUrl: string) => ({ auth: { ...login, auth_url: authUrl } })
    expect((await faultsOfNova(at(named), secure)).faults).toEqual([
      "source/tls: Keystone at `https://localhost:PORT/identity/v3/auth/tokens` can't be trusted: its certificate is signed by itself",
    ])
    const caFile = join(fixtures, 'localhost-cert.pem')
    expect((await faultsOfNova({ ...at(secure.authUrl), caFile }, secure)).faults).toEqual([
      "source/tls: Keystone at `https://127.0.0.1:PORT/identity/v3/auth/tokens` can't be trusted: its certificate is for another host name",
    ])
    const endpoints = Object.fromEntries([['compute', `${secure.url.replace('127.0.0.1', 'localhost')}/compute/v2.1`]])
    expect((await faultsOfNova({ ...at(named), caFile, endpoints }, secure)).faults).toEqual([])
    const plain = replay.authUrl.replace('http:', 'https:')
    expect((await faultsOfNova(at(plain))).faults).toEqual([
      "source/tls: Keystone at `https://127.0.0.1:PORT/identity/v3/auth/tokens` can't be trusted: it does not speak TLS",
    ])
  })

  it('a page of HTML', async () => {
    replay.answer('/compute/v2.1/flavors/detail', () => ({ body: '<html>login</html>' }))
    expect((await faultsOfNova()).faults).toEqual([
      'source/not-json: Nova at `http://127.0.0.1:PORT/compute/v2.1/flavors/detail` answered an HTML page instead of JSON',
    ])
  })

  it('an answer of 100 MB', async () => {
    const large = Buffer.alloc(100e6, 32)
    replay.answer('/compute/v2.1/flavors/detail', () => ({ body: large }))
    expect((await faultsOfNova({ largestAnswer: 1 })).faults).toEqual([
      'source/answer-too-large: Nova at `http://127.0.0.1:PORT/compute/v2.1/flavors/detail` answered more than 1 MiB',
    ])
  })

  it('an answer of another form', async () => {
    replay.answer('/compute/v2.1/os-aggregates', () => ({ body: { aggregates: { '1': {} } } }))
    expect((await faultsOfNova()).faults).toEqual([
      'source/unexpected-answer: Nova at `http://127.0.0.1:PORT/compute/v2.1/os-aggregates` answered otherwise than its API says: invalid input: expected array, received object',
    ])
  })

  it('a service too old', async () => {
    replay.answer('/compute/v2.1/', () => ({ body: { version: { version: '2.38', min_version: '2.1' } } }))
    expect((await faultsOfNova()).faults).toEqual([
      'source/microversion: Nova at `http://127.0.0.1:PORT/compute/v2.1/` is too old: it speaks microversions up to 2.38, 2.65 is needed',
    ])
  })

  it('a server on no host', async () => {
    const servers = recordedItems('compute', '/v2.1/servers/detail', 'servers').map((server, i) =>
      i === 0 ? { ...server, status: 'ERROR', 'OS-EXT-SRV-ATTR:host': null } : server,
    )
    replay.answer('/compute/v2.1/servers/detail', () => ({ body: { servers } }))
    const { faults, nova } = await faultsOfNova()
    expect(faults).toEqual([
      `source/server-without-host: the server \`${servers[0]!['id']}\` (ERROR) is on no host: it has no row in \`nova:location\``,
    ])
    expect(nova.status().state).toBe('running')
    expect(await rowsOf(nova, 'nova:location')).toHaveLength(9)
  })

  it('two hypervisors of one name in two cells', async () => {
    const [first, second] = recordedItems('compute', '/v2.1/os-hypervisors/detail', 'hypervisors')
    const twin = { ...second, hypervisor_hostname: first!['hypervisor_hostname'] }
    replay.answer('/compute/v2.1/os-hypervisors/detail', () => ({ body: { hypervisors: [first, twin] } }))
    const { faults, nova } = await faultsOfNova()
    expect(faults).toEqual([
      'source/duplicate-name: two hypervisors are named `cmp06`, of the compute services `cmp06` and `cmp01`',
    ])
    expect(await rowsOf(nova, 'nova:hypervisors')).toHaveLength(2)
  })

  it('a value of another type, which leaves the rest of the row', async () => {
    const flavors = recordedItems('compute', '/v2.1/flavors/detail', 'flavors').map(f => ({ ...f, ram: 'much' }))
    replay.answer('/compute/v2.1/flavors/detail', () => ({ body: { flavors } }))
    const { faults, nova } = await faultsOfNova()
    expect(faults).toEqual([
      'source/odd-value: Nova gives `"much"` for `ram` of `nova:flavors`, which is no number: null stands there',
    ])
    expect((await rowsOf(nova, 'nova:flavors')).map(row => row[3])).toEqual([null, null, null, null])
  })
})

describe('a request', () => {
  const session = (http = new HttpClient({ backOff: 1 })) =>
    new Session(http, {
      authUrl: replay.authUrl,
      login: {
        kind: 'password',
        user: { name: 'admin' },
        password: new Secret(PASSWORD),
        scope: { project: { name: 'admin' } },
      },
      interface: 'public',
      endpoints: {},
      microversions: {},
    })
  const asked = (path: string) => replay.requests.filter(request => request.path === path).length

  it('is sent again after 503, when the service says when', async () => {
    let tries = 0
    replay.answer('/compute/v2.1/os-services', () =>
      ++tries < 3 ? { status: 503, headers: { 'retry-after': '0' }, body: {} } : undefined,
    )
    const nova = new ServiceClient(session(), services.nova)
    const found: unknown[] = []
    for await (const item of nova.list({
      path: '/os-services',
      key: 'services',
      item: (await import('zod')).z.unknown(),
    }))
      found.push(item)
    expect(found).toHaveLength(10)
    expect(tries).toBe(3)
  })

  it('that may have acted is not sent twice', async () => {
    const { z } = await import('zod')
    replay.answer('/compute/v2.1/servers/a/action', () => ({ status: 502, body: {} }))
    replay.answer('/compute/v2.1/servers/b/action', () => ({ status: 429, body: {} }))
    const nova = new ServiceClient(session(), services.nova)
    const act = (server: string) =>
      nova.call({ method: 'POST', path: `/servers/${server}/action`, body: {}, answer: z.unknown() })
    await expect(act('a')).rejects.toMatchObject({ status: 502, mayHaveActed: true })
    expect(asked('/compute/v2.1/servers/a/action')).toBe(1)
    // Refused before anything was done.
    await expect(act('b')).rejects.toMatchObject({ status: 429, mayHaveActed: false })
    expect(asked('/compute/v2.1/servers/b/action')).toBe(4)
  })

  it('is sent again when the connection is reset, if it only reads', async () => {
    let tries = 0
    const server = createServer((request, response) => {
      if (++tries < 3) request.socket.destroy()
      else response.end('{"fine":true}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const http = new HttpClient({ backOff: 1 })
    onTestFinished(() => http.close())
    expect((await http.json({ method: 'GET', url, what: 'it' })).body).toEqual({ fine: true })
    tries = 0
    await expect(http.json({ method: 'POST', url, what: 'it' })).rejects.toThrow('it closed the connection')
    expect(tries).toBe(1)
  })

  it('without an answer ends in time', async () => {
    replay.answer('/compute/v2.1/os-services', () => new Promise(() => {}))
    const { faults } = await faultsOfNova({ timeout: '100ms' })
    expect(faults).toEqual([
      'source/timeout: Nova at `http://127.0.0.1:PORT/compute/v2.1/os-services` did not answer within 0.1 s',
    ])
  })

  it('is sent again with a new token when the old one is refused, and logins are shared', async () => {
    const one = session()
    const nova = new ServiceClient(one, services.nova)
    const { z } = await import('zod')
    const read = () => nova.call({ path: '/os-services', answer: z.looseObject({ services: z.array(z.unknown()) }) })
    await Promise.all([read(), read(), read()])
    expect(asked('/identity/v3/auth/tokens')).toBe(1)
    replay.revoke()
    expect((await read()).services).toHaveLength(10)
    expect(asked('/identity/v3/auth/tokens')).toBe(2)
  })

  it('gets a new token before the old one expires', async () => {
    replay.tokenLasts = 60
    const one = session()
    await one.identity()
    await one.identity()
    expect(asked('/identity/v3/auth/tokens')).toBe(2)
  })

  it('shows no secret, though the server repeats it', async () => {
    replay.answer('/compute/v2.1/os-services', request => ({
      status: 400,
      body: { badRequest: { message: `bad token ${request.token} of ${PASSWORD}` } },
    }))
    const { faults } = await faultsOfNova()
    expect(faults[0]).toMatch(/refused `GET .*`.* with status 400: bad token \(secret\) of \(secret\)$/)
  })
})

it('pages are followed to the end', async () => {
  const all = recordedItems('compute', '/v2.1/servers/detail', 'servers')
  replay.answer('/compute/v2.1/servers/detail', ({ query }) => {
    const from = all.findIndex(server => server['id'] === query.get('marker')) + 1
    const servers = all.slice(from, from + Number(query.get('limit')))
    const href = `http://behind-a-proxy/v2.1/servers/detail?all_tenants=1&limit=3&marker=${servers.at(-1)?.['id']}`
    return { body: { servers, ...(from + 3 < all.length && { servers_links: [{ rel: 'next', href }] }) } }
  })
  const { nova } = await sourcesOf(replay, { pageSize: 3 })
  await nova!.start()
  expect(await rowsOf(nova!, 'nova:servers')).toHaveLength(10)
  expect(replay.requests.filter(({ path }) => path.endsWith('/servers/detail'))).toHaveLength(4)
})

it('a table that could be read no longer keeps its rows, and is right again later', async () => {
  let broken = false
  replay.answer('/compute/v2.1/os-services', () => (broken ? forbidden : undefined))
  const { nova } = await sourcesOf(replay)
  const told: string[] = []
  nova!.onFreshness(({ table, state }) => told.push(`${table} ${state}`))
  await nova!.start()
  broken = true
  await nova!.refresh(['nova:services'])
  expect(await rowsOf(nova!, 'nova:services')).toHaveLength(10)
  broken = false
  await nova!.refresh(['nova:services'])
  await until(() => nova!.status().state === 'running')
  expect(told.filter(text => text.startsWith('nova:services'))).toEqual([
    'nova:services fresh',
    'nova:services stale',
    'nova:services fresh',
  ])
})
