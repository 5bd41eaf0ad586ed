import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Diagnostic, loadCodeDocs, renderDiagnostics } from '../../diagnostic/index.ts'
import { checkQuery, readTuple } from './query.ts'
import { check, schema } from './testing/expect.ts'

const codeDocs = await loadCodeDocs()

/** For each code of the checker a text that has it. The rendered output is in golden/CODE.txt. */
const cases: Readonly<Record<string, string>> = {
  'language/arity': [
    'p(1)\np(1, 2)\no(x) :- q(x), not nova:servers(x, x, x, x)',
    'error(x, x, x) :- q(x)\nerror(1)\nn(x) :- error(x, _)',
  ].join('\n'),
  'language/builtin-arity': 'p(x) :- q(x), plus(x, 1)',
  'language/builtin-head': 'equal(x) :- q(x)',
  'language/column-twice': 'p(x) :- nova:servers(x, id=x)',
  'language/empty-policy': '// nothing yet\n',
  'language/execute-service': 'execute[pause(x)] :- q(x)',
  'language/expression-argument': 'p(x) :- q(x), not r(x, x + 1)',
  'language/foreign-head': 'nova:servers(1, 2, x) :- q(x)',
  'language/function-arity': 'p(y) :- q(x), y = pow(x)',
  'language/head-value': 'p(_) :- q(_)',
  'language/never-fires': 'p(x) :- q(x), x < 3, x > 5\no(x) :- p(x)',
  'language/predict-columns': 'predict[q] :- s(_)',
  'language/predict-derived': 'predict[p(x)] :- q(x)\np(x) :- s(x)',
  'language/repeated-literal': 'p(x) :- q(x), r(x, _y), r(x, _y), q(x)',
  'language/role-arity': 'cost(1)\nmigration_budget(1, 2)',
  'language/role-number': 'cost("high", 1)',
  'language/self-join': 'error(s, a, b) :- nova:location(a, s), nova:location(b, s)',
  'language/shadowed-table': 'q(1)',
  'language/single-use': 'p(x) :- r(x, host)',
  'language/unknown-builtin': 'p(x) :- q(x), builtin:pluss(x, 1, x)',
  'language/unknown-column': 'p(x) :- nova:servers(id=x, nmae=x)',
  'language/unknown-columns': 'o(1)\np(x) :- o(id=x)',
  'language/unknown-function': 'p(y) :- q(x), y = sqrt(x)',
  'language/unknown-table': 'p(x) :- nova:server(x, _, _)',
  'language/unsafe-variable': [
    'error(server, a, b) :- r(a, server1), r(b, server2), server1 = server2, a != b',
    'p(vm1)',
    'p(x) :- q(x), not r(x, y), z < x',
    'p(load) :- n = sum load : { r(_, load) }, n > 0',
    'p(y) :- q(_), y = z + 1, z = y - 1',
  ].join('\n'),
  'language/unstratified': 'p(x) :- q(x), not o(x)\no(x) :- r(x, y), p(y)\nn(c) :- c = count : { n(_) }',
  'language/wildcard-value': 'p(x) :- q(x), _ < x',
}

describe('diagnostics as they are shown', () => {
  for (const [code, source] of Object.entries(cases))
    it(code, async () => {
      const { program, diagnostics } = check(source)
      expect(new Set(diagnostics.map(d => d.code))).toEqual(new Set([code]))
      await golden(code, diagnostics, program.sources)
    })

  it('language/policy-name-taken', async () => {
    const { program, diagnostics } = check({ 'a.dl': 'p(1)', 'b.dl': 'policy a\np(1)' })
    await golden('language/policy-name-taken', diagnostics, program.sources)
  })

  it('language/system-table', async () => {
    const { program, diagnostics } = check('p(1)', [schema('nova:location', 'vm host since')])
    await golden('language/system-table', diagnostics, program.sources)
  })

  it('language/no-tuple and language/unknown-policy', async () => {
    const { program } = check('p(1)')
    const sources = (text: string) => new Map([['<query>', text]])
    for (const text of ['p(vm1)', 'p(1), p(2)', 'not p(1)'])
      await golden(`language/no-tuple ${text}`, readTuple(text, program).diagnostics, sources(text))
    await golden('language/unknown-policy', checkQuery('p(x)', program, 'n').diagnostics, sources('p(x)'))
  })

  it('language/too-deep', () => {
    const { diagnostics } = check(`p(y) :- q(x), y = ${Array.from({ length: 2000 }, () => 'x').join(' - ')}`)
    expect(diagnostics.map(d => d.code)).toEqual(['language/too-deep'])
  })

  it('shows every code that the checker can give, and each has its page', () => {
    const here = import.meta.dirname
    const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter(f => /(?<!\.test)\.ts$/.test(f))
    const used = new Set(
      files.flatMap(f => readFileSync(join(here, f), 'utf8').match(/language\/[a-z]+-[a-z-]+(?=')/g) ?? []),
    )
    for (const code of used) expect(codeDocs, code).toHaveProperty([code])
    const elsewhere = ['policy-name-taken', 'system-table', 'no-tuple', 'unknown-policy', 'too-deep']
    const shown = new Set([...Object.keys(cases), ...elsewhere.map(c => `language/${c}`)])
    expect([...used].filter(c => !shown.has(c))).toEqual([])
  })
})

async function golden(name: string, diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>) {
  expect(diagnostics.length).toBeGreaterThan(0)
  const file = name.replace('language/', '').replace(/[^a-z0-9]+/gi, '-')
  await expect(`${renderDiagnostics(diagnostics, sources)}\n`).toMatchFileSnapshot(`./golden/${file}.txt`)
}
