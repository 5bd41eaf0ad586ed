import { expect, test } from 'vitest'
import { cloud, fileOf, policy, usher } from './usher.ts'

const migrate = `insert[nova:location(v, to)] :- migrate(v, to)
delete[nova:location(v, from)] :- migrate(v, _), nova:location(v, from)
`
const base = ['simulate', policy('ha'), '--data', cloud, '--query', 'error(server, a, b)', '--sequence']

test('what a query gives after an action, as rows, as difference, step by step', async () => {
  const argv = [...base, 'migrate("VM.one.large2", "server-b")', '--actions', fileOf('actions.dl', migrate)]
  const row = ['server-b', 'VM.one.large2', 'VM.two.large2']
  expect((await usher([...argv, '--json'])).json()).toMatchObject({ columns: ['server', 'a', 'b'], rows: [row] })
  expect((await usher([...argv, '--delta', '--json'])).json()).toMatchObject({ inserted: [row], removed: [] })
  const { code, out, err } = await usher([...argv, '--delta', '--trace'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toBe(
    [
      '1  migrate("VM.one.large2", "server-b")',
      '   + nova:location("VM.one.large2", "server-b")',
      '   - nova:location("VM.one.large2", "server-a")',
      '   → + error("server-b", "VM.one.large2", "VM.two.large2")',
      '±  server      a                b',
      '+  "server-b"  "VM.one.large2"  "VM.two.large2"',
      '',
    ].join('\n'),
  )
})

test('true and false, and no difference', async () => {
  const ask = async (query: string) =>
    (await usher([...base.slice(0, 5), query, '--delta', '--sequence', 'nova:location+("new", "server-a")'])).out
  expect(await ask('nova:location("new", "server-a")')).toBe('true, was false\n')
  expect(await ask('nova:location("new", "server-b")')).toBe('false, as before\n')
  expect(await ask('error(s, a, b)')).toBe('no difference\n')
})

test('rules of the sequence may define what the query reads', async () => {
  const sequence = 'alone+(s) :- nova:location(v, s), 1 = count : { nova:location(_, s) }'
  const { out } = await usher([...base.slice(0, 4), '--query', 'alone(s)', '--delta', '--sequence', sequence, '--json'])
  expect(JSON.parse(out)).toMatchObject({ columns: ['s'], removed: [] })
})

test('bad input names the place in the sequence or the query', async () => {
  for (const [sequence, text] of [
    ['migrat("x")', 'nothing tells what `migrat` does'],
    ['nova:locatio+("x", "y")', 'did you mean `nova:location`?'],
    ['error+(s) :- nova:location(s, _, _)', '<sequence>:1:1'],
    ['p+(', '<sequence>:1:'],
  ] as const) {
    const { code, err } = await usher([...base, sequence])
    expect(code).toBe(2)
    expect(err).toContain(text)
  }
  expect((await usher([...base.slice(0, 5), 'eror(x)', '--sequence', ''])).err).toContain('did you mean `error`?')
})
