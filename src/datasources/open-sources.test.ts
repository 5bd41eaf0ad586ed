import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import type { Delta } from '../tables/index.ts'
import type { LiveSource } from './live/index.ts'
import { until } from './openstack/testing/cloud.ts'
import { PASSWORD, startReplay } from './openstack/testing/replay.ts'
import { readSourcesFile } from './sources-file.ts'
import { folderOf, removeFolders } from './testing/folders.ts'

afterAll(removeFolders)

/** Write files into a folder of the test's own, and read the first one's data sources. */
async function open(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ sources: readonly LiveSource[]; folder: string }> {
  const folder = folderOf(files)
  const sources = await readSourcesFile(join(folder, Object.keys(files)[0]!), environment)
  onTestFinished(async () => {
    await Promise.all(sources.map(source => source.stop()))
  })
  return { sources, folder }
}

/** What is wrong with a configuration: `line:column code: message`. */
async function findings(yaml: string, environment: Readonly<Record<string, string>> = {}): Promise<string[]> {
  try {
    await open({ 'usher.yaml': yaml }, environment)
  } catch (thrown) {
    if (!(thrown instanceof DiagnosticError)) throw thrown
    expect(JSON.stringify(thrown.diagnostics)).not.toContain(PASSWORD)
    return thrown.diagnostics.map(({ span, code, message }) => `${span?.line}:${span?.column} ${code}: ${message}`)
  }
  return []
}

describe('a configuration', () => {
  it('is told where it is wrong', async () => {
    expect(await findings('datasources: {}\n')).toEqual([
      '1:14 source/bad-config: `datasources`: is a list of data sources',
    ])
    expect(
      await findings(`datasources:
  - name: cloud
    driver: openstak
  - name: cloud
    driver: openstack
    auth: { auth_url: http://cloud.example:5000, usrname: admin }
    timeout: soon
    services:
      nova: { tables: { servers: { interval: -1 } } }
      novva: {}
  - path: data
  - name: 9lives
    driver: push
    tables: { racks: { columns: [] } }
`),
    ).toEqual([
      '3:13 source/bad-config: there is no driver `openstak`',
      '6:50 source/bad-config: `auth.usrname`: there is no such setting here',
      '7:14 source/bad-config: `timeout`: is no length of time; write it like `30s`, `5m` or `2h`',
      '9:46 source/bad-config: `services.nova.tables.servers.interval`: too small: expected number to be >0',
      '10:7 source/bad-config: `services.novva`: there is no such setting here',
      '11:5 source/bad-config: a data source says its `driver`',
      '12:11 source/bad-config: `name`: is no module name: letters, digits and `_`, beginning with a letter',
      '14:33 source/bad-config: `tables.racks.columns`: too small: expected array to have >=1 items',
    ])
    expect(await findings('datasources:\n  - name: [\n')).toMatchObject([expect.stringContaining('data/bad-yaml')])
  })

  it('takes secrets from the environment', async () => {
    const yaml = `datasources:
  - name: cloud
    driver: openstack
    auth: { auth_url: http://cloud.example:5000, username: admin, password: "\${SECRET}" }
`
    expect(await findings(yaml)).toEqual(['4:77 source/no-variable: there is no environment variable `SECRET`'])
    expect(await findings(yaml, { SECRET: PASSWORD })).toEqual([])
  })

  it('says what a login lacks', async () => {
    const cloud = (auth: string) => `datasources:\n  - name: cloud\n    driver: openstack\n    auth: { ${auth} }\n`
    expect(await findings(cloud('username: a'))).toEqual(['2:5 source/incomplete-login: `auth` gives no `auth_url`'])
    expect(await findings(cloud('auth_url: cloud.example'))).toEqual([
      '2:5 source/incomplete-login: the `auth_url` of `auth` is no address: `cloud.example`',
    ])
    const url = 'auth_url: "http://cloud.example"'
    expect(await findings(cloud(`${url}, username: a`))).toEqual([
      '2:5 source/incomplete-login: `auth` gives no `password`',
    ])
    expect(await findings(cloud(`${url}, application_credential_id: a`))).toEqual([
      '2:5 source/incomplete-login: `auth` gives no `application_credential_secret`',
    ])
    expect(await findings('datasources:\n  - name: cloud\n    driver: openstack\n')).toEqual([
      '2:5 source/incomplete-login: the environment (`OS_*`) gives no `auth_url`',
    ])
  })

  it('refuses two sources of one name or table', async () => {
    const push = (name: string, table: string) =>
      `  - { name: ${name}, driver: push, tables: { ${table}: { columns: [a] } } }\n`
    expect(await findings(`datasources:\n${push('racks', 'a')}${push('racks', 'b')}`)).toEqual([
      '3:5 source/name-twice: two data sources are named `racks`',
    ])
  })
})

describe('a cloud is found', () => {
  const clouds = (url: string) => `clouds:
  ours:
    auth: { auth_url: "${url}", username: admin, project_name: admin, project_domain_name: Default }
    region_name: RegionOne
    interface: publicURL
`
  const secure = `clouds:\n  ours:\n    auth: { password: ${PASSWORD} }\n`

  async function servers(files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) {
    const { sources } = await open(files, environment)
    const nova = sources.find(({ name }) => name === 'nova')!
    await nova.start()
    expect(nova.status().faults).toEqual([])
    return (await nova.read()).get('nova:servers')!.rows.length
  }

  it('in clouds.yaml, its password in secure.yaml', async () => {
    const replay = await startReplay()
    onTestFinished(() => replay.close())
    const yaml = (name: string) =>
      `datasources:\n  - { name: a, driver: openstack, cloud: ${name}, cloudsFile: clouds.yaml }\n`
    const files = { 'clouds.yaml': clouds(replay.authUrl), 'secure.yaml': secure }
    expect(await servers({ 'usher.yaml': yaml('ours'), ...files })).toBe(10)
    await expect(open({ 'usher.yaml': yaml('ourz'), ...files })).rejects.toThrow('has no cloud `ourz`')
  })

  it('by the variables OS_*', async () => {
    const replay = await startReplay()
    onTestFinished(() => replay.close())
    const yaml = 'datasources:\n  - { name: a, driver: openstack, services: { nova: {} } }\n'
    const login = { OS_USERNAME: 'admin', OS_PASSWORD: PASSWORD, OS_PROJECT_NAME: 'admin' }
    expect(await servers({ 'usher.yaml': yaml }, { OS_AUTH_URL: replay.authUrl, ...login })).toBe(10)
    const file = join(folderOf({ 'c.yaml': clouds(replay.authUrl), 'secure.yaml': secure }), 'c.yaml')
    expect(await servers({ 'usher.yaml': yaml }, { OS_CLOUD: 'ours', OS_CLIENT_CONFIG_FILE: file })).toBe(10)
    const body = replay.requests.find(({ path }) => path.endsWith('/auth/tokens'))!.body
    expect(JSON.parse(body)).toEqual({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'admin', domain: { id: 'default' }, password: PASSWORD } },
        },
        scope: { project: { name: 'admin', domain: { id: 'default' } } },
      },
    })
  })
})

describe('pushed tables', () => {
  const yaml = `datasources:
  - name: cmdb
    driver: push
    tables:
      racks: { columns: [{ name: host, type: string }, { name: height, type: number, unit: U }] }
`

  it('hold what was put there last', async () => {
    const [source] = (await open({ 'usher.yaml': yaml })).sources
    const batches: (readonly Delta[])[] = []
    source!.subscribe(batch => batches.push(batch))
    await source!.start()
    expect(source!.status()).toMatchObject({ state: 'running', tables: [{ table: 'cmdb:racks', state: 'fresh' }] })
    source!.push!('racks', [
      ['cmp01', 4],
      ['cmp02', 8],
    ])
    await until(() => batches.length === 1)
    source!.push!('cmdb:racks', [
      ['cmp02', 8],
      ['cmp03', 1],
    ])
    await until(() => batches.length === 2)
    expect(batches[1]).toEqual([{ table: 'cmdb:racks', inserted: [['cmp03', 1]], removed: [['cmp01', 4]] }])
    expect((await source!.read()).get('cmdb:racks')!.rows).toEqual([
      ['cmp02', 8],
      ['cmp03', 1],
    ])
  })

  it('refuse rows that are wrong, and stay as they were', async () => {
    const [source] = (await open({ 'usher.yaml': yaml })).sources
    await source!.start()
    const refusal = (rows: readonly (readonly unknown[])[], table = 'racks') => {
      try {
        source!.push!(table, rows)
      } catch (thrown) {
        return (thrown as DiagnosticError).diagnostics.map(({ message }) => message)
      }
      return []
    }
    expect(refusal([['a'], ['b', 'high'], ['c', 1], ['d', { e: 1 }], ['f', Number.NaN]])).toEqual([
      'row 0 of `cmdb:racks` has 1 values instead of 2',
      '`height` in row 1 of `cmdb:racks` is "high", which is no number',
      '`height` in row 3 of `cmdb:racks` is no text, number, boolean or null',
      '`height` in row 4 of `cmdb:racks` is no text, number, boolean or null',
    ])
    expect(refusal([], 'rack')).toEqual(['`cmdb` has no table `cmdb:rack`'])
    expect((await source!.read()).get('cmdb:racks')!.rows).toEqual([])
  })
})

describe('a folder', () => {
  const yaml = 'datasources:\n  - { name: files, driver: folder, path: data, interval: 1h }\n'

  it('is read again when it changes', async () => {
    const { sources, folder } = await open({ 'usher.yaml': yaml, 'data/nova/location.csv': 'vm,host\na,h1\n' })
    const [source] = sources
    let batch: readonly Delta[] = []
    source!.subscribe(deltas => {
      batch = deltas
    })
    await source!.start()
    writeFileSync(join(folder, 'data/nova/location.csv'), 'vm,host\na,h2\n')
    await source!.refresh()
    expect(batch).toEqual([{ table: 'nova:location', inserted: [['a', 'h2']], removed: [['a', 'h1']] }])
    mkdirSync(join(folder, 'data/more'))
    writeFileSync(join(folder, 'data/more/racks.csv'), 'host,rack\nh2,7\n')
    await source!.refresh()
    expect(source!.tables.map(({ table }) => table).sort()).toEqual(['more:racks', 'nova:location'])
    expect((await source!.read()).get('more:racks')!.rows).toEqual([['h2', 7]])
    // A slip keeps what was right.
    writeFileSync(join(folder, 'data/more/racks.csv'), 'host,rack\nh2\n')
    await source!.refresh()
    expect(source!.status()).toMatchObject({ state: 'failing', faults: [{ code: 'data/ragged-row' }] })
    expect((await source!.read()).get('more:racks')!.rows).toEqual([['h2', 7]])
    rmSync(join(folder, 'data/more'), { recursive: true })
    await source!.refresh()
    expect(source!.status().state).toBe('running')
    expect([...(await source!.read()).keys()]).toEqual(['nova:location'])
  })
})

it('a simulated cloud acts and tells', async () => {
  const data = join(dirname(import.meta.dirname), '../fixtures/nfv-poc')
  const yaml = `datasources:\n  - { name: cloud, driver: simulator, path: ${JSON.stringify(data)}, migrationTime: 10ms }\n`
  const [source] = (await open({ 'usher.yaml': yaml })).sources
  await source!.start()
  expect(source!.actions.map(({ name }) => name)).toContain('nova:live_migrate')
  await source!.cloud!.submit('nova:live_migrate', { vm: 'VM.one.large2', host: 'server-b' }, 'once')
  await until(async () => (await source!.cloud!.status('once'))?.state === 'succeeded')
  expect((await source!.read()).get('nova:location')!.rows).toContainEqual(['VM.one.large2', 'server-b'])
})
