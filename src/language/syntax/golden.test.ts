import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadCodeDocs, renderDiagnostics } from '../../diagnostic/index.ts'
import { parsePolicy } from './parse.ts'

const codeDocs = await loadCodeDocs()

/** Texts that go wrong, at least one for each code of the lexer and the parser. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'unexpected-token': [
    'p(x) :- .',
    'p(,x)',
    'p(1))',
    'p(x) :- x =',
    'p(x) :- (q(x), r(x))',
    'p(x) :- "text"',
    'p(x) :- x = sum -y + z : { q(y, z) }',
    ':- q(x)',
    '% a comment of Prolog',
    '-- a comment of SQL',
    'p(x) :- x = abs(n=1)',
  ],
  'missing-bracket': [
    'error(server, VM1 :- node(VM1, server)',
    'p(x) :- q(x, (1 + 2).',
    'p(n) :- n = count : { q(x)',
    'insert[p(x) :- q(x)',
  ],
  'missing-comma': [
    'p(x y) :- q(x, y)',
    'p(x) :- q(x) not r(x)',
    'p(x) :- q(x, y) y < 3',
    'p(n) :- n = count : { q(x) r(x) }',
  ],
  'trailing-comma': ['p(x,) :- q(x)', 'p(x) :- q(x),.', 'p(1),', 'p(x) :- q(x),\n\nr(y) :- s(y)'],
  'wrong-arrow': ['p(x) <- q(x)', 'p(x) <= q(x)', 'p(x) := q(x)', 'p(x) : - q(x)', 'q(x) => p(x)', 'p(x) if q(x)'],
  'foreign-operator': [
    'p(x) :- q(x) and r(x)',
    'p(x) :- q(x) && r(x)',
    'p(x) :- q(x) or r(x)',
    'p(x) :– q(x, y), x =< y, x <> 1, x ≥ 2',
    'p(x) :- x := 1, y => 2',
    'p(x) :- \\+ q(x)',
  ],
  'unknown-character': ['p(x) :- q(x) | r(x)', 'p($x)', 'p(x)???', 'p(\u0000)', 'p(x^2)'],
  'bad-number': ['p(12ab-4)', 'p(007)', 'p(.5)'],
  'number-too-large': ['p(9007199254740993)', 'p(1e400)', 'p(123456789012345678901234567890123456789012345678)'],
  'bad-escape': ['p("C:\\Users")', 'p("\\u12")'],
  'unterminated-string': ['p("text, 1)\nq(2)', "p('text"],
  'unterminated-comment': ['p(1) /* a comment\nq(2)'],
  'reserved-word': ['p(x) :- true', 'true(1)', '_(1)', 'policy a-b', 'policy a:b'],
  'negated-head': ['not p(x) :- q(x)', 'p(x) :- q(x)\n    r(x),\n    not s(x)'],
  'comparison-head': ['x < 3', 'p(x) :- q(x)\n    r(x)\n    x < 3'],
  'comparison-argument': ['p(x) :- q(x < 3)', 'p(x) :- q(x == 3)'],
  'negated-comparison': ['p(x) :- q(x), not x + 1 < 3'],
  'negated-group': ['p(x) :- not (q(x), r(x))'],
  'double-negation': ['p(x) :- not not q(x)'],
  'chained-comparison': ['p(x) :- q(x), 1 < x < 3'],
  'unknown-modal': ['excute[nova:pause(x)] :- q(x)', 'p[x]'],
  'modal-literal': ['p(x) :- execute[nova:pause(x)]'],
  'positional-after-named': ['p(x) :- nova:servers(id=x, y)'],
  'table-as-value': ['p(nova:servers)'],
  'aggregate-form': [
    'p(n) :- n = count x : { q(x) }',
    'p(n) :- n = sum : { q(x) }',
    'p(n) :- n = sum x { q(x) }',
    'p(n) :- n = sum x : q(x)',
    'p(n) :- q(x), n = max(x)',
  ],
  'misplaced-policy-name': ['p(1)\npolicy ha\nq(2)'],
  'too-deep': [`p :- x = ${'('.repeat(101)}1${')'.repeat(101)}`, `p :- x = 1${' + 1'.repeat(501)}`],
  'too-many-errors': ['@$'.repeat(501)],
}

describe('each error as a user sees it', () => {
  test.each(Object.entries(CASES))('%s', async (name, texts) => {
    const shown = texts.map(text => {
      const { diagnostics } = parsePolicy(text, 'ha.dl')
      expect(diagnostics.map(d => d.code)).toContain(`language/${name}`)
      // Of a flood of errors only its end is worth a look.
      const some = diagnostics.length > 20 ? diagnostics.slice(-2) : diagnostics
      return renderDiagnostics(some, new Map([['ha.dl', text]]))
    })
    await expect(`${shown.join('\n\n----\n\n')}\n`).toMatchFileSnapshot(`golden/${name}.txt`)
  })
})

test('every code that the sources name has a case and an entry', () => {
  const folder = new URL('.', import.meta.url)
  const sources = readdirSync(folder).filter(f => f.endsWith('.ts') && !f.endsWith('.test.ts'))
  const codes = sources.flatMap(
    f => readFileSync(new URL(f, folder), 'utf8').match(/(?<=')language\/[a-z-]+(?=')/g) ?? [],
  )
  const names = [...new Set(codes)].map(c => c.replace('language/', '')).sort()
  expect(Object.keys(CASES).sort()).toEqual(names)
  for (const name of names) expect(codeDocs[`language/${name}`], name).toBeDefined()
})
