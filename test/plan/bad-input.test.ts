import { describe, expect, test } from 'vitest'
import { makePlan, type PlanInput } from '../../src/plan/index.ts'
import { inputOf } from '../../src/plan/testing/cloud.ts'
import { cloud, deletion, fileOf, folderOf, policy, usher } from '../cli/usher.ts'
import { faultsOf } from './mistral-language.ts'

const LOCATION = { 'nova/location.csv': 'vm,host\nv,h1\n', 'nova/hypervisors.csv': 'hypervisor_hostname\nh1\nh2\n' }
const GO = 'error(vm) :- nova:location(vm, "h1")\n'

/** What `usher plan` says of these files, and its exit code. */
async function said(files: Record<string, string>, text = GO, ...more: string[]): Promise<[number, string]> {
  const { code, err } = await usher([
    'plan',
    fileOf('p.dl', text),
    '--data',
    folderOf({ ...LOCATION, ...files }),
    ...more,
  ])
  expect(err).not.toMatch(/^\s+at /m)
  return [code, err]
}

describe('tables that plans are timed by', () => {
  test.each([
    ['a bandwidth that is a word', { 'network/host.csv': 'host,mbps\nh1,fast\n' }, 'plan/bad-bandwidth', '`fast`'],
    ['a bandwidth of nothing', { 'network/host.csv': 'host,mbps\nh1,0\n' }, 'plan/bad-bandwidth', '`0` Mb/s'],
    ['a host with two links', { 'network/host.csv': 'host,mbps\nh1,1\nh1,2\n' }, 'plan/duplicate-row', '`h1`'],
    [
      'a link that nothing may cross',
      { 'network/path.csv': 'from,to,link,mbps,limit\nh1,h2,wan,100,0\n' },
      'plan/bad-limit',
      'wan',
    ],
    [
      'a link that is told of twice',
      { 'network/path.csv': 'from,to,link,mbps,limit\nh1,h2,wan,100,2\nh1,h2,wan,100,3\n' },
      'plan/contradictory-link',
      '100 Mb/s and 2 at once and with 100 Mb/s and 3 at once',
    ],
    ['a memory that is a word', { 'memory/use.csv': 'vm,used\nv,much\n' }, 'plan/bad-memory', '`much`'],
    ['a memory below nothing', { 'memory/use.csv': 'vm,used\nv,-1\n' }, 'plan/bad-memory', '-1'],
    [
      'an image whose size is a word',
      { 'nova/image_cache.csv': 'host,image\nh1,i\n', 'glancev2/images.csv': 'id,size\ni,big\n' },
      'plan/bad-image',
      '`big`',
    ],
    [
      'a VM that starts on a host that is not there',
      { 'nova/boots.csv': 'vm,host,image\nn,h9,i\n', 'glancev2/images.csv': 'id,size\ni,1000\n' },
      'plan/unknown-host',
      'did you mean',
    ],
    [
      'a VM that starts from an image that is not there',
      { 'nova/boots.csv': 'vm,host,image\nn,h2,debian11\n', 'glancev2/images.csv': 'id,size\ndebian12,1000\n' },
      'plan/bad-image',
      'did you mean `debian12`?',
    ],
  ] as const)('%s', async (_, files, code, words) => {
    const [exit, err] = await said(files)
    expect(exit).toBe(2)
    expect(err).toContain(code)
    expect(err).toContain(words)
  })
})

test('a rule of power that derives no watts', async () => {
  const [exit, err] = await said({}, `${GO}// @power\npower(h, "much") :- nova:location(_, h)\n`)
  expect([exit, err.includes('plan/bad-power'), err.includes('p.dl:3')]).toEqual([2, true, true])
})

test('names that Mistral would evaluate', async () => {
  const files = { 'nova/location.csv': 'vm,host\n<% env() %>,h1\n' }
  const [exit, err] = await said(files, GO, '--format', 'mistral')
  expect([exit, err.includes('plan/mistral-name')]).toEqual([2, true])
})

test('limits that are no limits, and copies from nowhere', async () => {
  for (const option of [
    ['--per-host', '0'],
    ['--at-once', '1.5'],
    ['--image-copies', 'moon'],
  ])
    expect((await said({}, GO, ...option))[0]).toBe(2)
})

test('placements of one that name what is not there', async () => {
  const compare = async (text: string) => {
    const file = fileOf('mine.yaml', text)
    return usher(['plan', policy('ha'), '--data', cloud, '--change', deletion, '--compare', file])
  }
  const unknownHost = await compare('- { name: mine, moves: [{ vm: nobody, to: mars }] }\n')
  expect([unknownHost.code, unknownHost.err.includes('cli/bad-alternatives')]).toEqual([2, true])
  expect((await compare('hello\n')).code).toBe(2)
})

describe('targets that do not fit the cloud are faults of ours', () => {
  const input = inputOf({ limits: [{ a: 9, b: 9 }], vms: { x: [[1], 'a', 'b'] } })
  test.each([
    ['a VM that is not there', { moves: [{ ...input.moves[0]!, vm: 'gone' }] }, 'where it is not'],
    ['a VM that is elsewhere', { moves: [{ ...input.moves[0]!, from: 'b' }] }, 'where it is not'],
    ['a VM that moves twice', { moves: [input.moves[0]!, input.moves[0]!] }, 'twice'],
  ] as [string, Partial<PlanInput>, string][])('%s', (_, change, words) => {
    expect(() => makePlan({ ...input, ...change })).toThrow(words)
  })
})

test('the check of Mistral files finds what Mistral would refuse', () => {
  const file = (tasks: object) => ({ version: '2.0', w: { type: 'direct', tasks } })
  expect(faultsOf(file({ a: { action: 'std.noop' } }))).toEqual([])
  expect(faultsOf(file({ a: { action: 'std.noop', colour: 'red' } }))).not.toEqual([])
  expect(faultsOf(file({ a: { action: 'std.noop', 'on-success': ['b'] } }))).toEqual([
    'a goes on to b, which is not there',
  ])
  expect(faultsOf(file({ a: { action: 'std.noop', 'on-success': [{ a: 'true' }] } }))).not.toEqual([])
  expect(
    faultsOf(
      file({
        a: { action: 'std.noop', 'on-success': ['c'] },
        b: { action: 'std.noop', 'on-success': ['c'] },
        c: { action: 'std.echo', input: { output: '<% $.x %>' } },
      }),
    ),
  ).toEqual(['c would run 2 times', '$.x is no input'])
})
