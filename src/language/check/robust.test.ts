import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../syntax/parse.ts'
import { checkPolicies } from './check-policies.ts'
import { checkQuery, readTuple } from './query.ts'
import { renderRule } from './render.ts'
import { someSchemas } from './testing/expect.ts'

/** Pieces that policies are made of, put together at random: most results parse, few make sense. */
const pieces = [
  ...[
    'p',
    'q',
    'r',
    'm:p',
    'nova:servers',
    'missing',
    'error',
    'cost',
    'builtin:lt',
    'plus',
    'candidate',
    'x',
    'y',
    '_',
  ],
  ...['(', ')', '(x)', '(x, y)', '(_, 1)', '(id=x)', '(1)', ' :- ', ', ', ' not ', ' = ', ' < ', ' != ', ' + ', ' * '],
  ...[
    'count : { ',
    'sum x : { ',
    'max(x, y)',
    ' }',
    'insert[',
    'predict[',
    'execute[',
    ']',
    '.',
    ';',
    '\n',
    '"a"',
    '-1',
  ],
  ...['p(x) :- q(x)', 'n = count : { r(x, _) }', ' // why\n', 'policy m\n', 'not r(x, y)', 'x < y', 'r(x, y)', 'q(x)'],
]
const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map(list => list.join(''))

describe('any text', () => {
  it('gives a program and diagnostics, and never throws', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const policies = [parsePolicy(a, 'a.dl').policy, parsePolicy(b, 'm.dl').policy]
        const { program, diagnostics } = checkPolicies(policies, { schemas: someSchemas })
        for (const d of diagnostics) expect(d.message).toMatch(/^[^A-Z].*[^.]$/s)
        for (const rule of program.rules) {
          expect(program.tables.get(rule.head.table)?.arity).toBe(rule.head.args.length)
          for (const literal of rule.body)
            if (literal.kind === 'atom') expect(program.tables.get(literal.table)?.arity).toBe(literal.args.length)
          expect(renderRule(program, rule)).not.toContain('undefined')
        }
      }),
      { numRuns: 300 },
    )
  })

  it('gives rules whose core text reads as the same rule', () => {
    fc.assert(
      fc.property(text, source => {
        // A name with two colons is shown without its policy, and would be read as another policy's.
        fc.pre(!/\w:[\w.]+:/.test(source))
        const { program } = checkPolicies([parsePolicy(source, 'm.dl').policy], { schemas: someSchemas })
        for (const rule of program.rules) {
          if (JSON.stringify(rule.body).includes('"negated":true') || rule.variables.some(v => v.includes('{…}')))
            continue
          const shown = renderRule(program, rule)
          const { policy } = parsePolicy(shown, 'm.dl')
          const again = checkPolicies([policy], { schemas: someSchemas }).program
          expect(again.rules.map(r => renderRule(again, r))).toEqual([shown])
        }
      }),
      { numRuns: 200 },
    )
  })

  it('is a query or is refused', () => {
    const { program } = checkPolicies([parsePolicy('p(x) :- q(x)  error(1, 2)', 'm.dl').policy], {
      schemas: someSchemas,
    })
    fc.assert(
      fc.property(text, source => {
        for (const { diagnostics, result } of [
          { ...checkQuery(source, program), result: checkQuery(source, program).rule },
          { ...readTuple(source, program), result: readTuple(source, program).tuple },
        ])
          expect(result === undefined).toBe(diagnostics.some(d => d.severity === 'error'))
      }),
      { numRuns: 200 },
    )
  })
})
