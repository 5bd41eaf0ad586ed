import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { complete } from '../../src/cli/completion.ts'
import { readHistory, writeHistory } from '../../src/cli/history.ts'
import { Session } from '../../src/control/index.ts'
import { cloud, fileOf, folderOf, policy, usher } from './usher.ts'

const session = (lines: readonly string[], argv: readonly string[] = []) =>
  usher(['repl', ...argv], { input: lines.join('\n') })

test('rules and facts by typing, queries, and what follows from what', async () => {
  const { code, out, err } = await session([
    'edge(1, 2) edge(2, 3)',
    'reach(x, y) :- edge(x, y)',
    'reach(x, z) :- reach(x, y),',
    '  edge(y, z)',
    '? reach(1, x)',
    'reach(3, 1)?',
    ':explain reach(1, 3)',
    ':absent reach(3, 1)',
    'edge(3, 1)',
    '? reach(3, 1)',
    ':rules',
  ])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(`x
2
3
false
reach(1, 3)  by the rule at <repl>:3
├─ reach(1, 2)  by the rule at <repl>:2
│  └─ edge(1, 2)  stated at <repl>:1
└─ edge(2, 3)  stated at <repl>:1
reach(3, 1) does not hold
`)
  expect(out).toContain('  fails  edge(3, 1)')
  expect(out.slice(out.lastIndexOf('true\n'))).toBe(
    'true\nedge(1, 2) edge(2, 3)\nreach(x, y) :- edge(x, y)\nreach(x, z) :- reach(x, y),\n  edge(y, z)\nedge(3, 1)\n',
  )
})

test('loads policies and data on the way, and names are read in any of them', async () => {
  const file = fileOf('extra.dl', 'crowd(h, n) :- nova:location(_, h), n = count : { nova:location(v, h) }\n')
  const { code, out } = await session([
    `:load ${policy('ha')}`,
    `:data ${cloud}`,
    `:load ${file}`,
    '? crowd("server-a", n)',
    '? error(s, a, b)',
    ':profile',
    ':tables',
    ':help',
  ])
  expect(code).toBe(0)
  expect(out).toMatch(/^n\n\d+\ns {2}a {2}b\n/)
  expect(out).toMatch(/tuples {2}rows joined/)
  expect(out).toMatch(/^extra:crowd +derived +\d+$/m)
  expect(out).toContain(':explain TUPLE')
})

test('no bad line ends the session or leaves a trace', async () => {
  const bad = [
    'p(x) :- not q(x)',
    'p(',
    'p(1) :- not p(1)',
    ':frob',
    ':load',
    ':load nowhere.dl',
    ':data',
    ':data nowhere',
    ':explain',
    ':explain p(x',
    ':absent',
    '?',
    '? p(',
    '? nobody(x)',
    'error(1) :- lt(1',
    ')',
    ':absent p("a", "b", "c")',
  ]
  const { code, out, err } = await session(['p(1)', ...bad.flatMap(line => [line, '']), '? p(x)'])
  expect(code).toBe(1)
  expect(out).toBe('x\n1\n')
  expect(err).not.toContain('internal fault')
  expect(err.match(/^error: /gm)?.length).toBeGreaterThanOrEqual(bad.length)
})

test('completes tables, columns, builtins, commands and files', async () => {
  const started = new Session(new Map())
  await started.data(cloud)
  await started.load([policy('ha')])
  const words = (line: string) => complete(line, started.program, [':load', ':quit'])[0]
  expect(words('? nova:loc')).toEqual(['nova:location'])
  expect(words('? err')).toEqual(['error'])
  expect(words('? nova:location(v')).toContain('vm=')
  expect(words('x = 1, date')).toContain('datetime_plus')
  expect(words(':l')).toEqual([':load'])
  expect(words(`:load ${policy('h')}`.replace(/\.dl$/, ''))).toContain(policy('ha'))
})

test('keeps lines for the next session, and minds no unusable file', () => {
  const file = join(folderOf({}), 'deep/history')
  writeHistory(file, ['? b', '? a'])
  expect(readFileSync(file, 'utf8')).toBe('? a\n? b\n')
  expect(readHistory(file)).toEqual(['? b', '? a'])
  writeHistory('/dev/null/history', ['? a'])
  expect(readHistory('/dev/null/history')).toEqual([])
})

test('eval --profile tells what each rule costs, with a query or without', async () => {
  const argv = ['eval', policy('ha'), '--data', cloud, '--profile']
  expect((await usher(argv)).out).toMatch(/^ *ms +% +tuples +rows joined +runs +rule/)
  expect((await usher([...argv, '--query', 'error(a, b, c)', '--json'])).json()).toMatchObject({
    columns: ['a', 'b', 'c'],
    profile: expect.arrayContaining([
      expect.objectContaining({ rule: expect.objectContaining({ policy: 'ha', line: 10 }) }),
    ]),
  })
  expect((await usher(argv.slice(0, -1))).code).toBe(2)
})

test('bench measures phases and updates', async () => {
  const argv = ['bench', policy('ha'), '--data', cloud, '--seconds', '0']
  expect((await usher([...argv, '--json'])).json()).toMatchObject({
    phases: [{ name: 'read the data' }, { name: 'check the policies' }, { name: 'evaluate' }],
    updates: expect.arrayContaining([expect.objectContaining({ table: 'nova:location', rows: 218 })]),
  })
  expect((await usher(argv)).out).toMatch(/^nova:location +218 /m)
})
