import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cloud, fileOf, folderOf, policy, usher } from './usher.ts'

/** Bad input ends in one clear message on standard error, exit code 2, nothing on standard output and no stack trace. */
async function expectRefusal(argv: readonly string[], code: string, ...words: string[]): Promise<void> {
  const { code: exit, out, err } = await usher(argv)
  expect(err).toContain(`[${code}]`)
  for (const word of words) expect(err).toContain(word)
  expect(err).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(err).not.toContain('internal fault')
  expect(out).toBe('')
  expect(exit).toBe(2)
  const asJson = await usher([...argv, '--json'])
  expect(asJson.code).toBe(2)
  const codes = (asJson.json() as { diagnostics: { code: string }[] }).diagnostics.map(d => d.code)
  expect(codes).toContain(code)
}

/** A small cloud of two hosts and two VMs; `changes` replace or add files. */
function smallCloud(changes: Readonly<Record<string, string>> = {}): string {
  return folderOf({
    'nova/location.csv': 'vm,host\nvm1,h1\nvm2,h2\n',
    'nova/hypervisors.csv': 'hypervisor_hostname,id,state,status\nh1,1,up,enabled\nh2,2,up,enabled\n',
    'same_ha_group.csv': 'a,b\nvm1,vm2\n',
    ...changes,
  })
}

const apart = 'error(h, a, b) :- same_ha_group(a, b), nova:location(a, h), nova:location(b, h), a != b\n'

/** `usher violations` of a policy's text over a small cloud. */
function violations(text: string, data = smallCloud()): string[] {
  return ['violations', fileOf('p.dl', text), '--data', data]
}

describe('policies', () => {
  test('unparsable', () => expectRefusal(violations('error(x :- p(x)\n'), 'language/missing-bracket', 'p.dl:1:'))

  test('unsafe', () =>
    expectRefusal(
      violations('error (server, a, b) :- same_ha_group(a, b), nova:location(a, server1), nova:location(b, server1)\n'),
      'language/unsafe-variable',
      '`server`',
      'server1',
    ))

  test('unstratified', () =>
    expectRefusal(violations('p(x) :- nova:location(x, _), not p(x)\n'), 'language/unstratified', 'p'))

  test('without rules', () => expectRefusal(violations('// nothing yet\n'), 'language/empty-policy', 'p.dl'))

  test('an integer beyond 2^53', () =>
    expectRefusal(
      violations('error(x) :- p(x), x > 9007199254740993\n'),
      'language/number-too-large',
      '9007199254740993',
    ))

  test('an unknown table', () =>
    expectRefusal(
      violations('error(x) :- nova:locaton(x, _)\n'),
      'language/unknown-table',
      'nova:locaton',
      'nova:location',
    ))

  test('an unknown column', () =>
    expectRefusal(violations('error(x) :- nova:location(vn=x)\n'), 'language/unknown-column', 'vn', 'vm'))

  test('a file that is not there', () =>
    expectRefusal(['violations', '/nowhere/p.dl', '--data', smallCloud()], 'cli/policy-unreadable', '/nowhere/p.dl'))

  test('a folder', () => expectRefusal(['check', join(cloud, 'nova')], 'cli/policy-unreadable', 'is a folder', '*.dl'))
})

describe('data', () => {
  test('an unknown folder', () => expectRefusal(violations(apart, '/nowhere'), 'data/no-folder', '/nowhere'))

  test('a ragged CSV', () =>
    expectRefusal(
      violations(apart, smallCloud({ 'same_ha_group.csv': 'a,b\nvm1\n' })),
      'data/ragged-row',
      'same_ha_group.csv:2:1',
    ))

  test('a VM on two hosts', () =>
    expectRefusal(
      violations(apart, smallCloud({ 'nova/location.csv': 'vm,host\nvm1,h1\nvm1,h2\n' })),
      'data/vm-on-two-hosts',
      'vm1',
    ))

  test('a host that does not exist', () =>
    expectRefusal(
      violations(apart, smallCloud({ 'nova/location.csv': 'vm,host\nvm1,h1\nvm2,h3\n' })),
      'data/unknown-host',
      'h3',
    ))

  test('a number beyond 2^53', () =>
    expectRefusal(
      violations(apart, smallCloud({ 'size.csv': 'vm,bytes\nvm1,9007199254740993\n' })),
      'data/number-too-large',
      '9007199254740993',
    ))

  test('an empty folder', () => expectRefusal(violations(apart, folderOf({})), 'data/empty-cloud'))

  test('an empty cloud', () =>
    expectRefusal(violations(apart, smallCloud({ 'nova/location.csv': 'vm,host\n' })), 'data/empty-cloud'))

  test('a change without data', () =>
    expectRefusal(
      ['eval', policy('ha'), '--query', 'ha:group(a, b)', '--change', 'x.change.jsonl'],
      'cli/change-without-data',
    ))

  test('a change of an unknown table', () => {
    const change = fileOf('x.change.jsonl', '{"table":"nova:locaton","removed":[],"inserted":[["vm1","h1"]]}\n')
    return expectRefusal([...violations(apart), '--change', change], 'data/unknown-table', 'nova:location')
  })

  test('a change that puts a VM on two hosts', () => {
    const change = fileOf('x.change.jsonl', '{"table":"nova:location","removed":[],"inserted":[["vm1","h2"]]}\n')
    return expectRefusal([...violations(apart), '--change', change], 'data/vm-on-two-hosts', 'vm1')
  })
})

describe('queries and tuples', () => {
  test('a query that does not parse', () =>
    expectRefusal(
      ['eval', policy('ha'), '--data', cloud, '--query', 'group(a,'],
      'language/unexpected-token',
      '<query>',
    ))

  test('a query of an unknown table', () =>
    expectRefusal(
      ['eval', policy('ha'), '--data', cloud, '--query', 'nova:locaton(a, b)'],
      'language/unknown-table',
      'nova:location',
    ))

  test('a tuple with a variable', () =>
    expectRefusal(['explain', policy('ha'), 'error(server, "a", "b")', '--data', cloud], 'language/no-tuple', 'server'))
})

describe('usage', () => {
  const refused = async (...argv: string[]) => {
    const { code, out, err } = await usher(argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    return err
  }

  test('an unknown command, with a suggestion', async () => {
    expect(await refused('chekc', policy('ha'))).toContain('Did you mean check?')
  })

  test('an unknown option', async () => {
    expect(await refused('check', policy('ha'), '--dta', cloud)).toContain('--data')
  })

  test('data that is missing', async () => {
    expect(await refused('violations', policy('ha'))).toContain("'--data <folder>' not specified")
  })

  test('a tuple that is missing', async () => {
    expect(await refused('explain', policy('ha'), '--data', cloud)).toContain('tuple')
  })

  test.each([
    ['--time-limit', '-1'],
    ['--gap', '2'],
    ['--seed', '0.5'],
  ])('%s %s', async (option, value) => {
    expect(await refused('plan', policy('ha'), '--data', cloud, option, value)).toContain(option)
  })
})

describe('solving', () => {
  test('an unknown solver', () =>
    expectRefusal(['plan', policy('ha'), '--data', cloud, '--solver', 'higs'], 'solver/unknown', 'higs', 'highs'))

  test('a cloud without VMs', () =>
    expectRefusal(
      ['plan', fileOf('p.dl', 'error(h) :- hosts(h)\n'), '--data', folderOf({ 'hosts.csv': 'host\nh1\n' })],
      'cli/nothing-to-place',
    ))

  test('placements that are not there', () =>
    expectRefusal(['plan', policy('ha'), '--data', cloud, '--compare', '/nowhere.yaml'], 'cli/alternatives-unreadable'))

  test('placements of another form', () =>
    expectRefusal(
      ['plan', policy('ha'), '--data', cloud, '--compare', fileOf('a.yaml', '- title: x\n')],
      'cli/bad-alternatives',
    ))

  test('a placement of an unknown VM', () =>
    expectRefusal(
      [
        'plan',
        policy('ha'),
        '--data',
        cloud,
        '--compare',
        fileOf('a.yaml', '- { name: mine, moves: [{ vm: VM.on.large2, to: server-a }] }\n'),
      ],
      'cli/bad-alternatives',
      'VM.one.large2',
    ))
})

test('nothing of a data folder is changed by a command', async () => {
  const before = folderOf({})
  cpSync(cloud, before, { recursive: true })
  const { code } = await usher(['violations', policy('ha'), '--data', before])
  expect(code).toBe(0)
})
