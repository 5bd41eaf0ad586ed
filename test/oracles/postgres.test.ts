import { expect, test } from 'vitest'
import { cloud, deletion, policy, usher } from '../cli/usher.ts'
import { type Case, caseOf } from './cases.ts'
import { Cluster } from './cluster.ts'
import { judge } from './judge.ts'
import { prepare } from './postgres.ts'
import { findTools } from './tools.ts'

const { postgres } = findTools()
const name = postgres ? 'PostgreSQL' : 'PostgreSQL (not installed: `npm run test:oracles` installs it)'

/** Forms that random policies do not have. */
const corners: Case = {
  text: `policy corners
some :- item(_, _)
none :- item(x, y), x = y
seen(0) :- some, not none
on :- some
on :- on, seen(_)
back(n) :- n = count : { item(x, y) }
nulls(x) :- item(x, null)
forth(x) :- back(x)
forth(x) :- back2(x)
back2(x) :- forth(x), x > 0
chain(x, 0) :- item(x, _)
chain(x, m) :- chain(x, n), n < 5, m = n + 1
`,
  schemas: [{ table: 'item', columns: [{ name: 'x' }, { name: 'the "y"' }] }],
  tables: [
    {
      schema: { table: 'item', columns: [{ name: 'x' }, { name: 'the "y"' }] },
      rows: [
        ["it's", null],
        [1, '\\'],
        ['😀', 0.1],
      ],
      provenance: { source: 'test', readAt: '2026-01-01T00:00:00Z' },
    },
  ],
  transactions: [[{ table: 'item', inserted: [[true, 1e-300]], removed: [[1, '\\']] }]],
}

test.skipIf(!postgres)(`the views of \`usher sql\` hold what Usher derives: ${name}`, async () => {
  const cluster = await Cluster.start(postgres!)
  try {
    const policies = ['ha', 'balance', 'capacity', 'utilization'].map(policy)
    const answer = await usher(['sql', ...policies, '--data', cloud, '--change', deletion, '--inserts'])
    expect({ code: answer.code, err: answer.err }).toEqual({ code: 0, err: '' })
    const made = await cluster.run(answer.out)
    expect(made).toEqual({ output: '', errors: '' })
    const read = await cluster.run('SELECT * FROM "balance:error"; SELECT * FROM "utilization:error" ORDER BY 1;')
    expect(read).toEqual({ output: 'server-a|server-b\nserver-a\nserver-b\n', errors: '' })

    await prepare(cluster)
    const verdicts = await judge([corners, ...Array.from({ length: 30 }, (_, i) => caseOf(i))], {
      cluster,
      clingo: undefined,
    })
    expect(verdicts.flatMap(v => v.findings)).toEqual([])
    expect(verdicts[0]!.refusedRules).toEqual([])
    expect(verdicts.every(v => v.compared.postgres > 0)).toBe(true)
  } finally {
    await cluster.stop()
  }
})
