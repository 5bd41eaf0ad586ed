import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ApplyResult, PlanReport } from '../../src/control/index.ts'
import { fileOf, folderOf, usher } from '../cli/usher.ts'
import { faultsOf } from './mistral-language.ts'

const MIB = 1024 * 1024

/** Site a (a1, a2) and site b (b1, b2), a line of 500 Mb/s between them, images stored at site a. */
const sites = (more: Readonly<Record<string, string>> = {}) =>
  folderOf({
    'nova/location.csv': 'vm,host\nweb1,a1\nweb2,a1\ndb,a2\n',
    'nova/servers.csv': 'id,name,image_id\n1,web1,debian\n2,web2,debian\n3,db,ubuntu\n',
    'nova/hypervisors.csv': 'hypervisor_hostname\na1\na2\nb1\nb2\n',
    'nova/image_cache.csv': 'host,image\na1,debian\na2,ubuntu\nb1,ubuntu\n',
    'glancev2/images.csv': `id,size\ndebian,${600 * MIB}\nubuntu,${1000 * MIB}\n`,
    'glancev2/sources.csv': 'host\nstore\n',
    'network/host.csv': 'host,mbps\nstore,1000\na1,10000\n',
    'network/path.csv': 'from,to,link,mbps,limit\na1,b1,wan,500,2\na2,b1,wan,500,2\nstore,b1,wan,500,2\n',
    'memory/use.csv': 'vm,used,disk\nweb1,1024,2048\nweb2,1024,2048\ndb,2048,\n',
    'draw.csv': 'host,watts\na1,200\na2,250\nb1,150\nb2,150\n',
    ...more,
  })

/** Everything to b1. */
const POLICY = `
error(vm) :- nova:location(vm, host), host != "b1"
// @power: a host that runs nothing is switched off
power(host, watts) :- draw(host, watts), nova:location(_, host)
`
const policy = (text = POLICY) => fileOf('close.dl', text)
const args = (data: string, ...more: string[]) => [policy(), '--data', data, ...more]

async function planned(data: string, ...more: string[]): Promise<PlanReport> {
  return (await usher(['plan', ...args(data, ...more), '--json'])).json() as PlanReport
}

test('an image comes to a host once, before the moves that need it', async () => {
  const { copies, moves, power, volume } = await planned(sites())
  expect(copies).toMatchObject([{ id: 'c1', image: 'debian', from: 'store', to: 'b1', after: [], volume: 600 }])
  for (const move of moves) {
    expect(move.after.includes('c1')).toBe(String(move.vm).startsWith('web'))
    if (move.after.includes('c1')) expect(move.start).toBeGreaterThanOrEqual(copies[0]!.end)
  }
  expect(moves.map(move => move.disk).sort((a, b) => a - b)).toEqual([0, 2048, 2048])
  expect(volume).toBeCloseTo(600 + 4096 + 4096)
  expect(power).toEqual({ before: 450, after: 150 })
})

test('hosts that share storage carry neither disk nor image', async () => {
  const pools = 'host,pool\na1,p\na2,p\nb1,p\nb2,p\n'
  const { copies, moves, volume } = await planned(sites({ 'nova/storage.csv': pools }))
  expect(copies).toEqual([])
  expect(moves.map(move => move.disk)).toEqual([0, 0, 0])
  expect(volume).toBeCloseTo(4096)
})

test('images go from the service, from hosts too, or not at all, as one asks', async () => {
  // b2 has the image and no slow line to b1.
  const data = sites({ 'nova/image_cache.csv': 'host,image\na1,debian\nb2,debian\nb1,ubuntu\n' })
  expect((await planned(data)).copies.map(copy => copy.from)).toEqual(['store'])
  expect((await planned(data, '--image-copies', 'hosts')).copies.map(copy => copy.from)).toEqual(['b2'])
  expect((await planned(data, '--image-copies', 'none')).copies).toEqual([])
})

test('hosts of VMs that are about to start get their images though nothing moves', async () => {
  const boots = Array.from({ length: 12 }, (_, i) => `n${i},b${1 + (i % 2)},debian`).join('\n')
  const data = sites({
    'nova/boots.csv': `vm,host,image\n${boots}\n`,
    'nova/location.csv': 'vm,host\nweb1,b1\n',
    'nova/image_cache.csv': 'host,image\na1,debian\n',
  })
  const { moves, copies } = await planned(data)
  expect([moves, copies.map(copy => copy.to)]).toEqual([[], ['b1', 'b2']])
  const { out } = await usher(['plan', ...args(data)])
  expect(out).toContain('Nothing to move')
  expect(out).toMatch(/debian +store +b1, b2 +600 MiB/)
  expect(out).toMatch(/^c2 debian store → b2 +█+$/m)
})

test('copies stand in the table, the chart, the page and the power saved beside them', async () => {
  const data = sites()
  const { out } = await usher(['plan', ...args(data)])
  expect(out).toMatch(/^c1 debian store → b1 +[░█]+$/m)
  expect(out).toContain('power 450 → 150 W: 7.2 kWh a day saved')
  const page = `${folderOf({})}/plan.html`
  await usher(['plan', ...args(data, '--html', page)])
  const { readFileSync } = await import('node:fs')
  const html = readFileSync(page, 'utf8')
  expect(html).toContain('Images brought to hosts first')
  expect(html).toContain('450 → 150 W')
  expect(html.match(/<rect/g)).toHaveLength(4)
})

test('apply brings the images first, and the moves find them', async () => {
  const { code, json } = await usher(['apply', ...args(sites()), '--seconds-per-migration', '0.02', '--json'])
  const { copies, moves, state } = json() as ApplyResult
  expect([code, state]).toEqual([0, 'succeeded'])
  expect(copies).toMatchObject([{ id: 'c1', image: 'debian', to: 'b1', state: 'succeeded' }])
  expect(moves.every(move => move.state === 'succeeded')).toBe(true)
})

test('the workflow for Mistral asks Nova for the copies, and Mistral would take it', async () => {
  const { out } = await usher(['plan', ...args(sites(), '--format', 'mistral')])
  const content = parse(out)
  expect(faultsOf(content)).toEqual([])
  const { tasks, input } = content.usher_plan
  expect(input).toEqual(['nova_url', 'token', 'aggregates'])
  expect(tasks.c1).toMatchObject({
    action: 'std.http',
    input: {
      method: 'POST',
      url: "<% $.nova_url %>/os-aggregates/<% $.aggregates.get('b1') %>/images",
      body: { cache: [{ id: 'debian' }] },
    },
  })
  expect(
    Object.values(tasks).filter(task => (task as { input?: { block_migration?: boolean } }).input?.block_migration),
  ).toHaveLength(2)
})
