import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSourcesFile } from '../../../src/datasources/index.ts'
import { DiagnosticError } from '../../../src/diagnostic/index.ts'
import { PASSWORD, url } from '../control-plane/layout.ts'
import { type Bed, openBed } from './bed.ts'
import { writeConfig } from './usher.ts'

/** What is wrong with the settings or the user, as the real services say it: one message each, and other tables stay. */
let bed: Bed
let vm: string
beforeAll(async () => {
  bed = await openBed()
  await bed.clear()
  vm = await bed.boot('there', { host: 'cmp01' })
  const create = async (kind: string, body: object) =>
    (await bed.admin.post('identity', `/${kind}s`, { [kind]: { domain_id: 'default', ...body } }))[kind].id
  const project = await create('project', { name: 'customers' })
  const user = await create('user', { name: 'customer', password: PASSWORD })
  const { roles } = await bed.admin.get('identity', '/roles?name=member')
  await bed.admin.put('identity', `/projects/${project}/users/${user}/roles/${roles[0].id}`)
})
afterAll(() => bed.clear())

/** Everything that is wrong once all was read, by source, and the rows of `nova:location`. */
async function read(wishes: Parameters<typeof writeConfig>[1]) {
  const { config } = writeConfig(bed.plane.layout, { notified: false, ...wishes })
  const sources = await readSourcesFile(config, {}).catch((error: unknown) => {
    if (error instanceof DiagnosticError) return error.diagnostics.map(({ message }) => message)
    throw error
  })
  if (typeof sources[0] === 'string') return { faults: { file: sources }, located: [] }
  const open = sources.filter(source => typeof source !== 'string')
  const tables = new Set(['nova:location', 'nova:services', 'placement:resource_providers', 'cinder:volumes'])
  try {
    const faults: Record<string, string[]> = {}
    for (const source of open) {
      source.want(tables)
      await source.start()
      const found = source.status().faults.map(({ message }) => message)
      if (found.length > 0) faults[source.name] = [...new Set(found)]
    }
    const nova = await open.find(({ name }) => name === 'nova')!.read()
    return { faults, located: nova.get('nova:location')!.rows }
  } finally {
    for (const source of open) await source.stop()
  }
}

const at = (service: 'identity' | 'compute') => url(bed.plane.layout, service)
const all = (pattern: RegExp) => ({
  nova: [expect.stringMatching(pattern)],
  placement: [expect.stringMatching(pattern)],
})

test('all is well with the right settings', async () => {
  expect(await read({})).toEqual({ faults: {}, located: [[vm, 'cmp01']] })
})

test.each([
  ['an address of another service', () => ({ authUrl: at('compute') }), /^Keystone at `http:.*` /],
  ['an address where nothing listens', () => ({ authUrl: 'http://127.0.0.1:9' }), /can't be reached: nothing listens/],
  ['TLS where there is none', () => ({ authUrl: at('identity').replace('http:', 'https:') }), /TLS|HTTPS|certificate/i],
  ['a wrong password', () => ({ password: 'wrong' }), /refused the login/],
  ['a user who is not there', () => ({ user: 'nobody' }), /refused the login/],
  ['a project of others', () => ({ user: 'customer', project: 'admin' }), /refused the login/],
] as const)('%s', async (_, wishes, pattern) => {
  const { faults, located } = await read(wishes())
  expect(faults).toEqual(all(pattern))
  expect(located).toEqual([])
  console.log(Object.values(faults)[0]![0])
})

test('a user without the admin role', async () => {
  const { faults, located } = await read({ user: 'customer', project: 'customers' })
  console.log(Object.values(faults).flat().join('\n'))
  expect(Object.keys(faults)).toEqual(['nova', 'placement'])
  for (const message of Object.values(faults).flat())
    expect(message).toMatch(/does not allow this user to see or do that/)
  expect(located).toEqual([])
})

test('a service that is not in the catalogue, while others are read', async () => {
  const { faults, located } = await read({ services: ['nova', 'placement', 'cinder'] })
  expect(faults).toEqual({ cinder: [expect.stringMatching(/Cinder.*catalogue|catalogue.*Cinder/)] })
  expect(located).toEqual([[vm, 'cmp01']])
})
