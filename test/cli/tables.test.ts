import { expect, it, onTestFinished } from 'vitest'
import { settingsFor } from '../../src/datasources/openstack/testing/cloud.ts'
import { startReplay } from '../../src/datasources/openstack/testing/replay.ts'
import { fileOf, usher } from './usher.ts'

it('lists the tables of OpenStack, or the columns of some', async () => {
  const all = await usher(['tables'])
  expect(all.code).toBe(0)
  expect(all.out).toMatch(/^nova:location +every 15 s +vm, host$/m)
  expect(all.out).toMatch(/^placement:usages +every 60 s when needed +provider, resource_class, used$/m)
  const one = await usher(['tables', 'nova:flavors'])
  expect(one.out).toMatch(/^ram +number +MiB +Memory$/m)
  const json = JSON.parse((await usher(['tables', '--json', 'nova:location'])).out) as { sources: unknown[] }
  expect(json.sources).toMatchObject([{ name: 'nova', tables: [{ table: 'nova:location', lazy: false }] }])
})

it('says what it does not know', async () => {
  const slip = await usher(['tables', 'nova:server'])
  expect(slip.code).toBe(2)
  expect(slip.err).toContain('did you mean `nova:servers`?')
  expect((await usher(['tables', '--read'])).err).toContain('add `--config FILE`')
})

it('reads every table once, and tells what is wrong', async () => {
  const replay = await startReplay()
  onTestFinished(() => replay.close())
  const services = { nova: {}, placement: {} }
  const config = () => fileOf('usher.yaml', JSON.stringify({ datasources: [settingsFor(replay, { services })] }))
  const fine = await usher(['tables', '--config', config(), '--read'])
  expect(fine.code).toBe(0)
  expect(fine.out).toMatch(/^nova:servers +10 +fresh$/m)
  replay.answer('/compute/v2.1/os-services', () => ({ status: 403, body: {} }))
  const refused = await usher(['tables', '--config', config(), '--read', 'nova:services', 'nova:location'])
  expect(refused.code).toBe(1)
  expect(refused.out).toMatch(/^nova:services +0 +not read$/m)
  expect(refused.out).toMatch(/^nova:location +10 +fresh$/m)
  expect(refused.err).toContain('does not allow this user to see or do that')
})
