import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PlacementReport } from '../../src/control/index.ts'
import { cloud, policy, top, usher } from './usher.ts'

const caches = join(top, 'fixtures/image-caches')
const locality = join(top, 'policies/image-locality.dl')
const small = ['--flavor', 'small', '--image', 'app']

/** Small VMs that fit on host i beside those that are there; at most 45 of the group. */
function room(i: number): number {
  const used = 8 * (2 + ((7 * i) % 5)) + 4 * ((3 * i) % 4)
  return Math.min(45, Math.floor((128 - used) / 2))
}

/** The least MiB to be sent so that so many VMs fit: hosts that have the image are free, the others are chosen by exact enumeration. */
function leastTransfer(vms: number): number {
  const hosts = Array.from({ length: 40 }, (_, i) => i)
  const missing = vms - hosts.filter(i => i % 7 === 0).reduce((sum, i) => sum + room(i), 0)
  const least = new Array<number>(Math.max(0, missing) + 1).fill(Number.POSITIVE_INFINITY)
  least[0] = 0
  for (const i of hosts.filter(i => i % 7 !== 0))
    for (let n = least.length - 1; n > 0; n--)
      least[n] = Math.min(least[n]!, least[Math.max(0, n - room(i))]! + (i < 20 ? 2048 : 3 * 2048))
  return least[Math.max(0, missing)]!
}

describe('place', () => {
  test('500 VMs of one image start where the least has to be sent, and that is proven', async () => {
    const given = ['--data', caches, '--count', '500', ...small, '--group', 'workers', '--json']
    const { code, json } = await usher(['place', locality, ...given])
    const report = json() as PlacementReport
    expect(code).toBe(0)
    expect(report.hosts).toHaveLength(500)
    expect(report).toMatchObject({ proof: 'optimal', unplaced: [], violationsAfter: [], moves: [] })
    const cost = report.aims.find(aim => aim.name === 'cost 1')!
    expect(cost.after - cost.before).toBe(leastTransfer(500))
    // All of them are sent within the zone of the store, each once for the VMs of its host.
    expect(report.transfers.map(t => t.mib)).toEqual(report.transfers.map(() => 2048))
    expect(report.transfers.length * 2048).toBe(leastTransfer(500))
    const guests = (name: unknown) => report.hosts.filter(({ host }) => host === name).length
    for (const { host, vms } of report.transfers) expect(guests(host)).toBe(vms)
    for (const { host } of report.hosts) expect(guests(host)).toBeLessThanOrEqual(room(Number(String(host).slice(5))))
  })

  test('a VM that fits nowhere is named with what stands against it', async () => {
    const given = ['--data', cloud, '--row', 'vm_cpu($vm, 7)', '--flavor', 'large.3', '--name', 'big', '--count', '2']
    const { code, out } = await usher(['place', policy('capacity'), ...given])
    expect(code).toBe(1)
    expect(out).toContain('0 of 2 VMs have a host')
    expect(out).toMatch(/has no host: big-1\n {2}because these stand against each other:\n {4}error\("server-/)
  })

  test.each([
    [['--flavor', 'smal'], 'did you mean `small`?'],
    [['--group', 'worker'], 'did you mean `workers`?'],
    [['--vm', 'db-00-0'], 'the VM `db-00-0` is not new'],
    [['--vm', 'a', '--count', '2'], '`--vm` names the VMs'],
    [['--row', 'vm_cpu($vm, 2)'], 'vm_cpu'],
    [['--row', 'nova:image_cache($vm)'], 'nova:image_cache'],
    [['--count', '0'], 'whole number from 1'],
  ])('%j is bad input', async (given, message) => {
    const { code, err } = await usher(['place', locality, '--data', caches, ...given])
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(err).not.toContain('    at ')
  })
})
