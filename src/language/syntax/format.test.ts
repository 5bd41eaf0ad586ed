import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AggregateOperator, AtomAst, ExprAst, HeadAst, LiteralAst, PolicyAst, StatementAst } from '../ast.ts'
import { essence, format } from './format.ts'
import { formatPolicy } from './layout.ts'
import { parsePolicy } from './parse.ts'
import { AWKWARD } from './testing/awkward.ts'

function expectFormat(source: string, wanted: string): void {
  expect(format(source, 'f').text).toBe(wanted)
  expect(format(wanted, 'f').text).toBe(wanted)
}

describe('layout', () => {
  test('a rule that fits goes on one line, quotes are straightened, ends are dropped', () => {
    expectFormat(
      'error (server) :-\n  type1_server( server ),\n  u(server, “cpu-util”, avg),avg<50 .p+(x):-!q(x);',
      'error(server) :- type1_server(server), u(server, "cpu-util", avg), avg < 50\ninsert[p(x)] :- not q(x)\n',
    )
  })
  test('a longer one has a line for each literal', () => {
    const long = 'a_table_with_a_long_name(first, second, third)'
    expectFormat(`p(first) :- ${long}, ${long}, q`, `p(first) :-\n    ${long},\n    ${long},\n    q\n`)
  })
  test('100 columns fit, 101 do not', () => {
    const rule = (n: number) => `p :- q, ${'r'.repeat(n - 8)}`
    expectFormat(rule(100), `${rule(100)}\n`)
    expectFormat(rule(101), `p :-\n    q,\n    ${'r'.repeat(93)}\n`)
  })
  test('a long list of facts has a line for each', () => {
    const fact = `p("${'x'.repeat(60)}")`
    expectFormat(`${fact}, ${fact}`, `${fact},\n    ${fact}\n`)
  })
  test('a long aggregate is broken', () => {
    const inside = 'nova:location(virtual_machine, server), vm_cpu_load(virtual_machine, load), load > threshold'
    expectFormat(
      `u(server, x) :- cap(server, c), x = 100 * sum load : { ${inside} } / c`,
      `u(server, x) :-
    cap(server, c),
    x = 100 * sum load : {
        nova:location(virtual_machine, server),
        vm_cpu_load(virtual_machine, load),
        load > threshold
    } / c
`,
    )
  })
  test('one blank line stays between groups, the name comes first', () => {
    expectFormat(
      '\n\n# top\n\n\npolicy  ha\n\n\n\np(1)\np(2).\n;\n\n q(1)',
      '# top\n\npolicy ha\n\np(1)\np(2)\n\nq(1)\n',
    )
  })
  test('parentheses stay where they mean something', () => {
    expectFormat(
      'p :- ((a + b)) * (c * d) - (e - f) = -(1) + (-g), n = sum (-a) : { q(a) }',
      'p :- (a + b) * (c * d) - (e - f) = -(1) + -g, n = sum (-a) : { q(a) }\n',
    )
  })
  test('nothing stays nothing', () => {
    expectFormat('\ufeff \r\n', '')
    expectFormat('// alone', '// alone\n')
  })
  test('curly quotes inside a text are escaped', () => expectFormat('p("\\u201c’")', 'p("\\u201c’")\n'))
})

describe('comments', () => {
  test('stay at the end of a line, above a literal and above a rule', () => {
    expectFormat(
      `// one
p(1) # two

/* three
   lines */ error(x) :- // why
p(x), // first
  // second
    q(x, /* inner */ y), /* lead */ r(y) // last
// after
. // end
p(/* arg */ 2)
// bottom`,
      `// one
p(1) # two

/* three
   lines */
error(x) :- // why
    p(x), // first
    // second
    /* inner */
    q(x, y),
    /* lead */
    r(y) // last
// after
// end
/* arg */
p(2)
// bottom
`,
    )
  })
  test('stay inside the braces of an aggregate', () => {
    expectFormat(
      'p(n) :- n = /* of */ count : { // each\n q(x), // why\n r(x)\n // done\n } / 2, s(n)',
      `p(n) :-
    n = count : {
        /* of */
        // each
        q(x), // why
        r(x)
        // done
    } / 2,
    s(n)
`,
    )
  })
  test('CRLF becomes LF', () => expectFormat('/* a\r\n b */\r\np(1) // c\r\n', '/* a\n b */\np(1) // c\n'))
})

test('a text with errors is not formatted', () => {
  const { text, diagnostics } = format('p(1', 'f')
  expect(text).toBeUndefined()
  expect(diagnostics.map(d => d.code)).toEqual(['language/missing-bracket'])
})

// Random trees print and come back as themselves.

const span = { file: 'f', start: 0, end: 0, line: 1, column: 1 }
const name = fc.constantFrom(
  'p',
  'q.r',
  'x',
  'VM1',
  'count',
  'sum',
  'max',
  'min',
  'avg',
  'and',
  'if',
  'policy',
  'insert',
  '_a',
  'é',
)
const variable = name.map((n): ExprAst => ({ kind: 'variable', name: n, span }))
const constant = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 53), max: 2 ** 53 }),
    fc.constantFrom(true, false, null, '“', "'", '\\', '\n', 0),
  )
  .map((value): ExprAst => ({ kind: 'constant', value: value === 0 ? 0 : value, span }))

const { expression, literals } = fc.letrec<{
  expression: ExprAst
  atom: AtomAst
  literal: LiteralAst
  literals: LiteralAst[]
}>(tie => ({
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    variable,
    constant,
    fc.constant<ExprAst>({ kind: 'wildcard', span }),
    fc.record({ operand: tie('expression') }).map(r => ({ kind: 'unary', operator: '-', ...r, span }) as const),
    fc
      .record({
        operator: fc.constantFrom(...(['+', '-', '*', '/', '%'] as const)),
        left: tie('expression'),
        right: tie('expression'),
      })
      .map(r => ({ kind: 'binary', ...r, span }) as const),
    fc
      .tuple(fc.constantFrom('abs', 'pow', 'floor', 'f'), fc.array(tie('expression'), { maxLength: 3 }))
      .map(([f, args]) => ({ kind: 'call', function: f, args, span }) as const),
    fc
      .tuple(fc.constantFrom('min', 'max'), fc.array(tie('expression'), { minLength: 2, maxLength: 3 }))
      .map(([f, args]) => ({ kind: 'call', function: f, args, span }) as const),
    tie('literals').map(body => ({ kind: 'aggregate', operator: 'count', body, span }) as const),
    fc
      .tuple(fc.constantFrom<AggregateOperator>('sum', 'mean', 'min', 'max'), tie('expression'), tie('literals'))
      .map(([operator, value, body]) => ({ kind: 'aggregate', operator, value, body, span }) as const),
  ),
  atom: fc
    .record({
      name: fc.oneof(
        name.map(n => ({ name: n, span })),
        name.map(n => ({ module: 'm', name: n, span })),
      ),
      args: fc.array(tie('expression'), { maxLength: 3 }),
      named: fc.array(
        fc.record({
          column: fc.constantFrom('id', '2', 'host'),
          columnSpan: fc.constant(span),
          value: tie('expression'),
        }),
        { maxLength: 2 },
      ),
    })
    .map(
      r =>
        ({ kind: 'atom', ...r, bare: r.args.length + r.named.length === 0 && r.name.name.length > 1, span }) as const,
    ),
  literal: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree' },
    fc.record({ negated: fc.boolean(), atom: tie('atom') }).map(r => ({ kind: 'atom-literal', ...r, span }) as const),
    fc
      .record({
        operator: fc.constantFrom(...(['<', '<=', '>', '>=', '=', '!='] as const)),
        left: tie('expression'),
        right: tie('expression'),
      })
      .map(r => ({ kind: 'comparison', ...r, span }) as const),
  ),
  literals: fc.array(tie('literal'), { minLength: 1, maxLength: 3, depthIdentifier: 'tree' }),
}))

const head: fc.Arbitrary<HeadAst> = fc.record(
  {
    modal: fc.constantFrom('insert' as const, 'delete' as const, 'predict' as const),
    atom: fc.tuple(name, fc.array(expression, { maxLength: 2 })).map(
      ([n, args]): AtomAst => ({
        kind: 'atom',
        name: { name: n, span },
        bare: args.length === 0,
        args,
        named: [],
        span,
      }),
    ),
    span: fc.constant(span),
  },
  { requiredKeys: ['atom', 'span'] },
)
const statement: fc.Arbitrary<StatementAst> = fc.record(
  {
    kind: fc.constant('statement'),
    heads: fc.array(head, { minLength: 1, maxLength: 2 }),
    body: literals,
    span: fc.constant(span),
  },
  { requiredKeys: ['kind', 'heads', 'span'] },
)
const policy: fc.Arbitrary<PolicyAst> = fc
  .array(statement, { maxLength: 4 })
  .map(statements => ({ kind: 'policy', name: 'f', file: 'f', text: '', statements, comments: [] }))

describe('properties', () => {
  test('a random tree prints to a text that parses to it', () => {
    fc.assert(
      fc.property(policy, p => {
        const text = formatPolicy(p)
        const again = parsePolicy(text, 'f')
        expect(again.diagnostics, text).toEqual([])
        expect(JSON.parse(essence(again.policy)), text).toEqual(JSON.parse(essence(p)))
        expect(format(text, 'f').text).toBe(formatPolicy(again.policy))
      }),
      { numRuns: 300 },
    )
  })

  const piece = fc.constantFrom(...AWKWARD)
  const awkward = fc.array(
    fc.oneof({ weight: 9, arbitrary: piece }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) }),
    {
      maxLength: 40,
    },
  )
  test('no text makes the parser or the formatter throw, and formatting twice is formatting once', () => {
    fc.assert(
      fc.property(awkward, pieces => {
        const once = format(pieces.join(''), 'f')
        for (const d of once.diagnostics) expect(d.span!.start).toBeLessThanOrEqual(d.span!.end)
        if (once.text !== undefined) expect(format(once.text, 'f').text).toBe(once.text)
      }),
      { numRuns: 300 },
    )
  })

  test('a valid text with comments and line breaks strewn in keeps its meaning and all its comments', () => {
    const strewn = fc.array(
      fc.constantFrom('', '', ' ', '\n', '\n\n', ' // c\n', '\n# d\n', '/* e */', ' /* f\n g */ '),
      {
        minLength: 80,
        maxLength: 80,
      },
    )
    const tokens =
      'policy  a|p|(|1|)|.|q|(|x|,|id|=|y|)|:-|r|(|x|)|,|not|s|(|y|)|,|n|=|2|*|sum|a|*|b|:|{|t|(|a|,|b|)|,|a|>|1|}|/|3|u|,|v|:-|w'.split(
        '|',
      )
    fc.assert(
      fc.property(strewn, between => {
        const text = tokens
          .map((t, i) => (i === 0 ? 'policy a\n' : ` ${t}`) + (i === 0 ? '' : ` ${between[i]}`))
          .join('')
        const once = format(text, 'f')
        expect(once.diagnostics, text).toEqual([])
        expect(format(once.text!, 'f').text).toBe(once.text)
      }),
      { numRuns: 300 },
    )
  })
})
