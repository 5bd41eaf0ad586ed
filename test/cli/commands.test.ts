import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { placeOptions } from '../../src/cli/options.ts'
import { planReportSchema } from '../../src/control/index.ts'
import { cloud, deletion, fileOf, folderOf, policy, usher } from './usher.ts'

const data = ['--data', cloud]
const after = [...data, '--change', deletion]

describe('check', () => {
  test('0 for nothing found', async () => {
    const { code, out } = await usher(['check', policy('ha'), policy('capacity'), ...data])
    expect({ code, out }).toEqual({ code: 0, out: 'fine: 5 rules in 2 policies\n' })
  })

  test('1 for warnings, with the place and the help', async () => {
    const file = fileOf('p.dl', 'error(s, a, b) :- same_ha_group(a, b), nova:location(a, s), nova:location(b, s)\n')
    const { code, out } = await usher(['check', file])
    expect(code).toBe(1)
    expect(out).toContain('p.dl:1:')
    expect(out).toContain('help: add `a != b`')
    expect(out).toContain('0 errors, 1 warning')
  })

  test('2 for errors, all of them at once', async () => {
    const file = fileOf('p.dl', 'error(x) :- p(y)\nerror(z) :- p(w)\n')
    const { code, json } = await usher(['check', file, '--json'])
    expect(code).toBe(2)
    expect(json()).toMatchObject({ errors: 2 })
  })

  test('without data, tables that only data can define are taken on trust, slips are not', async () => {
    const file = fileOf('p.dl', 'low(s) :- nova:hosts(name=s, load=u), u < 5\nerror(s) :- lwo(s), anything:at.all(s)\n')
    const { code, json } = await usher(['check', file, '--json'])
    expect(code).toBe(1)
    expect((json() as { diagnostics: { message: string }[] }).diagnostics.map(d => d.message)).toEqual([
      expect.stringContaining('`lwo`'),
    ])
  })
})

describe('limits', () => {
  const rows = (n: number) => `x\n${Array.from({ length: n }, (_, i) => i).join('\n')}\n`
  const files = {
    'greedy.dl': 'policy greedy\nerror(x, y, z) :- n(x), n(y), n(z)\n',
    'good.dl': 'policy good\nerror(x) :- n(x), x < 2\n',
    'data/n.csv': rows(300),
  }
  const within = (command: string, folder: string, ...more: string[]) =>
    usher([command, `${folder}/greedy.dl`, `${folder}/good.dl`, '--data', `${folder}/data`, ...more])

  test.each([
    ['--limit-tuples', '1000', 'derived more than 1000 tuples'],
    ['--limit-memory', '2', 'holds more than 2 MB'],
    ['--limit-time', '0.5', 'ran for more than 500 ms'],
  ])('4 where a policy reaches %s: its rule is named, the others are shown', async (option, value, what) => {
    const { code, out, err } = await within('violations', folderOf(files), option, value)
    expect(code).toBe(4)
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(err).toContain('policy `greedy` is not evaluated: rule `error(x, y, z)')
    expect(err).toContain(what)
    expect(err).toMatch(/greedy\.dl:2:/)
  })

  test('in JSON too, and nothing is called fine that was not looked at', async () => {
    const folder = folderOf(files)
    const { code, json } = await within('violations', folder, '--limit-tuples', '1000', '--json')
    expect(code).toBe(4)
    expect(json()).toMatchObject({
      violations: [{ table: 'good:error' }, { table: 'good:error' }],
      stopped: [{ code: 'datalog/policy-stopped', span: { line: 2 } }],
    })
    const alone = await usher(['violations', `${folder}/greedy.dl`, '--data', `${folder}/data`, '--limit-tuples', '9'])
    expect(alone).toMatchObject({ code: 4, out: 'no violation of the policies that were evaluated\n' })
    const enough = await within('violations', folderOf({ ...files, 'data/n.csv': rows(3) }), '--limit-tuples', '1000')
    expect(enough.code).toBe(1)
  })

  test('4 where the query itself reaches one', async () => {
    const folder = folderOf(files)
    const ask = (query: string) => within('eval', folder, '--limit-tuples', '1000', '--query', query)
    expect(await ask('n(x), n(y), n(z)')).toMatchObject({ code: 4, out: '' })
    const { code, out, err } = await ask('good:error(x)')
    expect({ code, out: out.split(/\s+/).filter(w => /\d/.test(w)) }).toEqual({ code: 4, out: ['0', '1'] })
    expect(err).toContain('policy `greedy` is not evaluated')
    const measured = await within('bench', folder, '--limit-tuples', '1000', '--seconds', '0', '--json')
    expect(measured.code).toBe(4)
    expect(measured.json()).toMatchObject({ derivedRows: 2, stopped: [{ code: 'datalog/policy-stopped' }] })
  })
})

describe('fmt', () => {
  const ragged = 'error(x):-p(x),not q(x)   // why\n'
  const tidy = 'error(x) :- p(x), not q(x) // why\n'

  test('prints the policy laid out, and --check and --write judge and change the file', async () => {
    const file = fileOf('p.dl', ragged)
    expect((await usher(['fmt', file])).out).toBe(tidy)
    expect(await usher(['fmt', '--check', file])).toMatchObject({ code: 1, out: `differs: ${file}\n` })
    expect(readFileSync(file, 'utf8')).toBe(ragged)
    expect(await usher(['fmt', '--write', file])).toMatchObject({ code: 0, out: `written: ${file}\n` })
    expect(readFileSync(file, 'utf8')).toBe(tidy)
    expect((await usher(['fmt', '--check', file])).code).toBe(0)
  })

  test('writes no file when one of them does not parse', async () => {
    const folder = folderOf({ 'a.dl': ragged, 'b.dl': 'error(x :- p(x)\n' })
    expect((await usher(['fmt', '--write', `${folder}/a.dl`, `${folder}/b.dl`])).code).toBe(2)
    expect(readFileSync(`${folder}/a.dl`, 'utf8')).toBe(ragged)
  })
})

describe('eval', () => {
  test('rows of a query, read inside the policy named', async () => {
    const argv = ['eval', policy('ha'), policy('balance'), ...after, '--query', 'error(a, b)']
    const { code, json } = await usher([...argv, '--policy', 'balance', '--json'])
    expect(code).toBe(0)
    expect(json()).toMatchObject({ columns: ['a', 'b'], rows: [['server-a', 'server-b']] })
  })

  test('true and false for a query without variables', async () => {
    const ask = (query: string) => usher(['eval', policy('ha'), ...data, '--query', query])
    expect((await ask('nova:location("VM.one.large2", "server-a")')).out).toBe('true\n')
    expect((await ask('nova:location("VM.one.large2", "server-b")')).out).toBe('false\n')
  })
})

describe('explain', () => {
  test('a derivation down to the rows and their files', async () => {
    const argv = [
      'explain',
      policy('ha'),
      policy('balance'),
      policy('capacity'),
      'error("server-a", "server-b")',
      ...after,
    ]
    const { code, out } = await usher(argv)
    expect(code).toBe(0)
    expect(out).toMatch(/balance\.dl:17\n/)
    expect(out).toContain('└─ "server-a" < "server-b"')
    expect(out).toContain('37.5 < 50')
    expect(out).toMatch(/from \S+location\.csv, read \d{4}-\d\d-\d\d [\d:.]+Z\n/)
    const answer = (await usher([...argv, '--json'])).json()
    expect(answer).toMatchObject({ holds: true, derivation: { rule: { policy: 'balance', line: 17 } } })
  })

  test('1 when it does not hold, and with --absent why', async () => {
    const argv = ['explain', policy('balance'), policy('capacity'), 'error("server-a", "server-b")', ...data]
    expect(await usher(argv)).toMatchObject({ code: 1, out: 'error("server-a", "server-b") does not hold\n' })
    const { code, out } = await usher([...argv, '--absent'])
    expect(code).toBe(0)
    expect(out).toContain('  fails  low("server-a")\n  near     no row like it\n')
    expect((await usher([...argv, '--absent', '--json'])).json()).toMatchObject({
      holds: false,
      absence: { attempts: [{ rule: { line: 17 }, failed: [{ literal: 'low("server-a")', nearest: [] }] }] },
    })
  })
})

test('carve names the fate of each rule and why', async () => {
  const { code, out } = await usher(['carve', policy('capacity'), policy('pair-only'), ...data])
  expect(code).toBe(0)
  expect(out).toMatch(/^delegated +\S*capacity\.dl:14 +it reads `ceilometer:average_utilization`$/m)
  expect(out).toMatch(/^data +\S*pair-only\.dl:9 /m)
})

/** Two hosts, and a rule that sends the VM from one to the other. */
function drain(): string[] {
  const folder = folderOf({
    'drain.dl': '// h1 goes into repair.\nerror(vm) :- nova:location(vm, "h1")\n',
    'data/nova/location.csv': 'vm,host\nvm1,h1\n',
    'data/nova/hypervisors.csv': 'hypervisor_hostname,id,state,status\nh1,1,up,enabled\nh2,2,up,enabled\n',
  })
  return [`${folder}/drain.dl`, '--data', `${folder}/data`]
}

describe('model', () => {
  test.each([
    ['lp', /^Minimize$/m],
    ['mps', /^ROWS$/m],
    ['json', /^\{/],
  ])('%s, with the rule each row comes from', async (format, shape) => {
    const crowd = fileOf(
      'crowd.dl',
      'error(h, n) :- nova:location(_, h), n = count : { nova:location(vm, h) }, n > 0\n',
    )
    const { code, out } = await usher(['model', crowd, ...drain(), '--format', format])
    expect(code).toBe(0)
    expect(out).toMatch(shape)
    expect(out).toContain('crowd.dl:1')
  })
})

describe('plan', () => {
  test('--json is as documented', async () => {
    const { code, json } = await usher(['plan', ...drain(), '--json'])
    expect(code).toBe(0)
    const schema = await planReportSchema()
    const report = schema.parse(json())
    expect(report).toMatchObject({ status: 'improved', proof: 'optimal', violationsAfter: [], cost: 1 })
    expect(report.moves).toMatchObject([{ vm: 'vm1', from: 'h1', to: 'h2', step: 1 }])
    expect(report.objective).toEqual(report.aims.map(aim => aim.after))
    const page = readFileSync(new URL('../../docs/reference/plan-json.md', import.meta.url), 'utf8')
    for (const field of [...Object.keys(schema.shape), ...Object.keys(schema.shape.moves.element.shape)])
      expect(page).toContain(`\`${field}\``)
  })

  test('the options of solving reach the solver', async () => {
    const { json } = await usher([
      'plan',
      ...drain(),
      '--solver',
      'javascript-lp-solver',
      '--seed',
      '7',
      '--gap',
      '0.01',
      '--json',
    ])
    expect(json()).toMatchObject({ solver: 'javascript-lp-solver' })
    expect(placeOptions({ timeLimit: 5, seed: 7 })).toEqual({ timeLimitSeconds: 5, seed: 7 })
  })

  test('for people: what moves, and why', async () => {
    const { out } = await usher(['plan', ...drain()])
    expect(out).toContain('1 move, cost 1: violations 1 → 0')
    expect(out).toMatch(/^ +1 +vm1 +h1 +h2 +1 +error\("vm1"\) \(error .*drain\.dl:2\)$/m)
  })

  test('1 when violations are left, and what stands in the way', async () => {
    const stuck = fileOf('stay.dl', 'candidate(vm, "h1") :- nova:location(vm, _)\n')
    const { code, out } = await usher(['plan', stuck, ...drain()])
    expect(code).toBe(1)
    expect(out).toContain('Nothing to move: violations 1 → 1')
    expect(out).toContain('can not be kept: error("vm1")')
    expect(out).toContain('stay.dl:1')
  })

  test('beside placements of the user', async () => {
    const mine = fileOf('mine.yaml', '- { name: stay, moves: [] }\n- { name: go, moves: [{ vm: vm1, to: h2 }] }\n')
    const { json } = await usher(['plan', ...drain(), '--compare', mine, '--json'])
    expect(json()).toMatchObject({
      comparison: [
        { name: 'the plan', moves: 1, best: true },
        { name: 'stay', moves: 0, best: false, verdict: 'violates the policy: error("vm1")' },
        { name: 'go', moves: 1, best: true },
      ],
    })
  })
})

describe('apply', () => {
  test('carries the plan out and the policy holds', async () => {
    const { code, out } = await usher(['apply', ...drain(), '--seconds-per-migration', '0.05'])
    expect(code).toBe(0)
    expect(out).toMatch(/✓ m1 {2}vm1 {2}h1 → h2/)
    expect(out).toContain('fine: the policy holds')
  })

  test('--json', async () => {
    const { json } = await usher(['apply', ...drain(), '--seconds-per-migration', '0', '--json'])
    expect(json()).toMatchObject({
      state: 'succeeded',
      continued: false,
      violations: [],
      moves: [{ state: 'succeeded' }],
    })
  })
})

describe('demo', () => {
  test('tells the story to its good end', async () => {
    const { code, out } = await usher(['demo'])
    expect(code).toBe(0)
    const acts = [...out.matchAll(/^── \d ── (.*)$/gm)].map(match => match[1])
    expect(acts).toEqual([
      'A cloud',
      'A policy',
      'Does it hold?',
      'Somebody deletes a VM',
      'What should be done?',
      'The VMs move',
      'Does it hold again?',
    ])
    expect(out.match(/✓ No violation: the policy holds\./g)).toHaveLength(2)
    expect(out).toContain('✗ error("server-a", "server-b")')
    expect(out).toMatch(/^the plan +1 +4 +0 +best$/m)
    expect(out).toMatch(/server-a {3}\[ {3}a1 {3}\]\[one\]\[b[12] \]·+ +50 %\n {2}server-b .* 25 %/)
  })
})

test('solvers lists the chain', async () => {
  const { code, json } = await usher(['solvers', '--json'])
  expect(code).toBe(0)
  expect(json()).toMatchObject({
    solvers: expect.arrayContaining([expect.objectContaining({ name: 'highs', available: true })]),
  })
})

test('every command has help with an example and the JSON option', async () => {
  const main = await usher(['--help'])
  const names = [...main.out.matchAll(/^ {2}([a-z]+) \[/gm)].map(match => match[1]!).filter(name => name !== 'help')
  expect(names.length).toBeGreaterThanOrEqual(11)
  for (const name of names) {
    const { code, out } = await usher([name, '--help'])
    expect(code, name).toBe(0)
    expect(out, name).toContain(`usher ${name}`)
    expect(out, name).toMatch(/Examples:\n {2}#/)
    expect(out, name).toContain('--json')
  }
})
