import { expect, test } from 'vitest'
import { cloud, fileOf, folderOf, policy, usher } from './usher.ts'

test('`usher sql` prints a script that makes tables and views, without the data unless asked', async () => {
  const { code, out, err } = await usher(['sql', policy('ha'), '--data', cloud])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^-- Made by `usher sql`/)
  expect(out).toMatch(/^BEGIN;$[\s\S]*^CREATE TABLE "nova:location"[\s\S]*^CREATE VIEW "ha:error"[\s\S]*^COMMIT;$/m)
  expect(out).not.toContain('INSERT')
  const full = await usher(['sql', policy('ha'), '--data', cloud, '--inserts'])
  expect(full.out).toContain(`INSERT INTO "nova:location" VALUES`)
})

test('`usher sql` works without data', async () => {
  const { code, out } = await usher(['sql', policy('ha')])
  expect(code).toBe(0)
  expect(out).toContain('jsonb NOT NULL')
})

test('`usher sql` names the rules that it leaves out', async () => {
  const file = fileOf(
    'p.dl',
    'hot(x) :- load(x, l), l > exp(1)\nerror(x) :- load(x, _), not hot(x)\nwarning(x) :- load(x, _)\n',
  )
  const text = await usher(['sql', file])
  expect(text.code).toBe(1)
  expect(text.err).toContain('`exp` may differ in its last digit in PostgreSQL')
  expect(text.err).toContain('2 rules left out')
  expect(text.out).toContain('CREATE VIEW "p:warning"')

  const { code, json } = await usher(['sql', file, '--json'])
  expect(code).toBe(1)
  const answer = json() as { sql: string; views: { table: string; complete: boolean }[]; refused: unknown[] }
  expect(answer.sql).toBe(text.out)
  expect(answer.views.map(v => [v.table, v.complete])).toEqual([
    ['p:hot', false],
    ['p:error', false],
    ['p:warning', true],
  ])
  expect(answer.refused).toEqual([
    {
      rule: 'hot(x) :- load(x, l), l > exp(1)',
      place: `${file}:1`,
      code: 'sql/function',
      reason: '`exp` may differ in its last digit in PostgreSQL',
    },
    {
      rule: 'error(x) :- load(x, _), not hot(x)',
      place: `${file}:2`,
      code: 'sql/incomplete',
      reason: "the view of `p:hot` lacks rows, so its absence can't be told",
    },
  ])
})

test('`usher sql --inserts` refuses a text that PostgreSQL can not hold', async () => {
  const folder = folderOf({ 'q.jsonl': '{"x": "a\\u0000"}\n' })
  const { code, out, err } = await usher(['sql', fileOf('p.dl', 'p(x) :- q(x)\n'), '--data', folder, '--inserts'])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain('table `q` holds "a\\u0000", which PostgreSQL can\'t store')
})
