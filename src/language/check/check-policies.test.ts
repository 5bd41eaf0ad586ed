import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../syntax/parse.ts'
import { checkPolicies } from './check-policies.ts'
import { checkQuery } from './query.ts'
import { check, codesOf, expectDiagnostic, expectRules, firstRule, schema } from './testing/expect.ts'

describe('names', () => {
  it('reads an unqualified name as the policy’s own table, then as a data source’s', () => {
    const { program } = check('p(x) :- q(x)  o(x) :- p(x), m:p(x)')
    expect(program.rules.map(r => r.head.table)).toEqual(['m:p', 'm:o'])
    expect(program.rules.flatMap(r => r.body.map(l => l.kind === 'atom' && l.table))).toEqual(['q', 'm:p', 'm:p'])
    expect(program.tables.get('m:p')).toMatchObject({ kind: 'derived', display: 'p', policy: 'm', arity: 1 })
    expect(program.tables.get('q')).toMatchObject({ kind: 'data', display: 'q', columns: ['x'] })
  })

  it('reads tables of other policies by their qualified names', () => {
    const { program, diagnostics } = check({ 'a.dl': 'p(x) :- q(x)', 'b.dl': 'policy bee\np(x) :- a:p(x), q(x)' })
    expect(diagnostics).toEqual([])
    expect(program.rules.map(r => [r.policy, r.head.table])).toEqual([
      ['a', 'a:p'],
      ['bee', 'bee:p'],
    ])
    expect(program.strata).toEqual([['a:p'], ['bee:p']])
  })

  it('keeps a table that nobody defines under its written name, and warns once', () => {
    const { program, diagnostics } = check('p(x) :- missing(x)  o(x) :- missing(x), q(x)')
    expect(diagnostics.map(d => d.code)).toEqual(['language/unknown-table'])
    expect(diagnostics[0]?.notes?.[0]?.span?.column).toBe(29)
    expect(program.tables.get('missing')).toMatchObject({ kind: 'unknown', arity: 1 })
  })

  it('suggests a near name, or the same name elsewhere', () => {
    expectDiagnostic('p(x) :- nova:server(x, _, _)', '1:9', 'language/unknown-table', 'did you mean `nova:servers`?')
    expectDiagnostic('p(x) :- servers(x, _, _)', '1:9', 'language/unknown-table', 'did you mean `nova:servers`?')
  })

  it('knows the decision table and the moves without data', () => {
    expectRules('p(v) :- nova:location(v, _), not placement:moved(vm=v)', [
      'p(v) :- nova:location(v, _), not placement:moved(v, _, _)',
    ])
  })

  it('lets the policy win over data of the same name, with a warning', () => {
    const { program, diagnostics } = check('q(1)  p(x) :- q(x)')
    expect(diagnostics.map(d => d.code)).toEqual(['language/shadowed-table'])
    expect(program.rules[1]?.body[0]).toMatchObject({ table: 'm:q' })
  })

  it('refuses two policies of one name and keeps the first', () => {
    const { program, diagnostics } = check({ 'a.dl': 'p(1)', 'x/a.dl': 'p(2)' })
    expect(diagnostics.map(d => d.code)).toEqual(['language/policy-name-taken'])
    expect(program.rules.map(r => r.text)).toEqual(['p(1)'])
  })
})

describe('error and warning of several arities', () => {
  it('gives each arity beyond the first a table of its own', () => {
    const { program, diagnostics } = check('error(x, y) :- r(x, y)  error(x) :- q(x)  error(1)  error(2, 3)')
    expect(diagnostics).toEqual([])
    expect(program.rules.map(r => r.head.table)).toEqual(['m:error', 'm:error/1', 'm:error/1', 'm:error'])
    const common = { kind: 'derived', role: 'error', policy: 'm', display: 'error' }
    expect(program.tables.get('m:error')).toMatchObject({ ...common, arity: 2 })
    expect(program.tables.get('m:error/1')).toMatchObject({ ...common, name: 'm:error/1', arity: 1 })
    expect(program.strata).toEqual([['m:error'], ['m:error/1']])
  })

  it('reads and orders them by arity, in every policy and through modals', () => {
    const { program, diagnostics } = check({
      'a.dl': 'error(x, y) :- r(x, y)  error(x) :- q(x), not error(x, _)  insert[error(x)] :- q(x)',
      'b.dl': 'warning(n) :- n = count : { a:error(_) }  error(x) :- a:error(x, _)',
    })
    expect(diagnostics).toEqual([])
    expect(program.strata).toEqual([['a:error'], ['a:error/1'], ['insert[a:error/1]'], ['b:warning'], ['b:error']])
    expect(program.tables.get('insert[a:error/1]')?.display).toBe('insert[error]')
  })

  it('refuses an arity that no rule gives, and a circle, by the written name', () => {
    const text = 'error(x, y) :- r(x, y)  error(x) :- error(x, _, _)  error(1)'
    expectDiagnostic(text, '1:37', 'language/arity', 'as many arguments as one of its rules')
    const { diagnostics } = check('error(x, y) :- r(x, y)  error(x) :- q(x), not error(x)')
    expect(diagnostics.map(d => d.message)).toEqual(['`error` depends on the absence of its own rows'])
    expect(check('error(1)  error(1, 2)  predict[error(x)] :- q(x)').diagnostics.map(d => d.code)).toEqual([
      'language/predict-derived',
    ])
  })

  it('keeps one arity for every other table', () => {
    expect(codesOf('cost(1, 2)  cost(1, 2, 3)  p(1)  p(1, 2)')).toEqual(['1:13 language/arity', '1:34 language/arity'])
  })
})

describe('columns', () => {
  it('puts named columns in their places, by name or number', () => {
    expectRules('p(x, h) :- nova:servers(id=x, host=h)', ['p(x, h) :- nova:servers(x, _, h)'])
    expectRules('p(x, h) :- nova:servers(x, 2=h)', ['p(x, h) :- nova:servers(x, _, h)'])
    expectRules('p(x) :- nova:servers(x)', ['p(x) :- nova:servers(x, _, _)'])
  })

  it('leaves unnamed columns open under `not`', () => {
    const rule = firstRule('p(x) :- q(x), not nova:servers(id=x)')
    expect(rule.body[1]).toMatchObject({ args: [{ kind: 'variable' }, { kind: 'wildcard' }, { kind: 'wildcard' }] })
  })

  it('makes each `_` of a positive literal a variable of its own', () => {
    const rule = firstRule('p(x) :- t(x, _, _)')
    expect(rule.variables).toEqual(['x', '_', '_'])
    expect(rule.body[0]).toMatchObject({ args: [{ index: 0 }, { index: 1 }, { index: 2 }] })
  })

  it('wants one number of columns for a table, and shows where it was settled', () => {
    const { diagnostics } = check('p(1)  p(1, 2)  o(x) :- p(x, x, x)')
    expect(diagnostics.map(d => `${d.span?.column} ${d.code} ${d.notes?.[0]?.span?.column}`)).toEqual([
      '7 language/arity 1',
      '24 language/arity 1',
    ])
  })
})

describe('builtins', () => {
  it('turns comparisons and simple arithmetic into infix literals', () => {
    expectRules('p(z) :- r(x, y), plus(x, y, z), lt(x, z), builtin:max(x, y, 3), equal(x, 1)', [
      'p(z) :- r(x, y), z = x + y, x < z, 3 = max(x, y), x = 1',
    ])
  })

  it('keeps `div` and the others, with what they read and what they give', () => {
    const rule = firstRule('p(z) :- r(x, y), div(x, y, z), len(y, 3)')
    expect(rule.body.slice(1)).toMatchObject([
      { kind: 'builtin', name: 'div', inputs: [{ index: 1 }, { index: 2 }], outputs: [{ index: 0 }] },
      { kind: 'builtin', name: 'len', outputs: [{ kind: 'constant', value: 3 }] },
    ])
  })

  it('negates an order exactly, and an equality by turning it round', () => {
    const rule = firstRule('p(x) :- r(x, y), not lt(x, y), not equal(x, y), not len(x, _), not plus(x, y, _)')
    expect(rule.body.slice(1)).toMatchObject([
      { kind: 'compare', operator: '<', negated: true },
      { kind: 'compare', operator: '!=', negated: false },
      { kind: 'builtin', negated: true, outputs: [{ kind: 'wildcard' }] },
      { kind: 'compare', operator: '=', negated: true, left: { function: '+' }, right: { function: '+' } },
    ])
  })
})

describe('aggregates', () => {
  const data = [schema('load', 'vm n'), schema('on', 'vm host'), schema('cap', 'host n')]

  it('lifts an aggregate out of an expression, grouped by what occurs outside the braces', () => {
    const rule = firstRule('p(h, u) :- cap(h, c), u = 100 * sum n : { on(v, h), load(v, n) } / c', data)
    const [, aggregate, compare] = rule.body
    const numbers = Object.fromEntries(rule.variables.map((name, i) => [name, i]))
    expect(aggregate).toMatchObject({
      kind: 'aggregate',
      operator: 'sum',
      groupBy: [numbers.h],
      value: { index: numbers.n },
    })
    expect(compare).toMatchObject({ kind: 'compare', operator: '=', left: { index: numbers.u } })
  })

  it('gives the result straight to a lone variable', () => {
    expectRules(
      'p(h, n) :- cap(h, _), n = count : { on(_, h) }',
      ['p(h, n) :- cap(h, _), n = count : { on(_, h) }'],
      data,
    )
  })

  it('gives braces side by side their own variables', () => {
    const rule = firstRule('p(d) :- d = sum n : { load(v, n) } - sum n : { cap(v, n) }', data)
    const [first, second] = rule.body
    expect(first).toMatchObject({ kind: 'aggregate', groupBy: [] })
    expect(second).toMatchObject({ kind: 'aggregate', groupBy: [] })
    expect(rule.variables.filter(v => v === 'n')).toHaveLength(2)
  })

  it('passes a group variable through nested braces', () => {
    const rule = firstRule('p(h) :- cap(h, c), c < count : { load(v, n), n > count : { on(v, h) } }', data)
    const h = rule.variables.indexOf('h')
    const outer = rule.body.find(l => l.kind === 'aggregate')!
    const inner = outer.body.find(l => l.kind === 'aggregate')!
    expect(outer.groupBy).toEqual([h])
    expect(inner.groupBy).toEqual([h, rule.variables.indexOf('v')].sort((a, b) => a - b))
  })
})

describe('safety', () => {
  it('names what was meant in the help', () => {
    const given = [schema('node', 'vm server'), schema('same_ha_group', 'a b')]
    const text =
      'error (server, VM1, VM2) :- node (VM1, server1), node (VM2, server2), same_ha_group(VM1, VM2), equal(server1, server2);'
    const { program, diagnostics } = check(text, given)
    expect(program.rules).toEqual([])
    expect(diagnostics).toHaveLength(1)
    expect(diagnostics[0]).toMatchObject({
      code: 'language/unsafe-variable',
      span: { line: 1, column: 8 },
      help: 'did you mean `server1` or `server2`?',
    })
  })

  it('reports each variable once, the cause and not what follows from it', () => {
    expect(codesOf('p(x, y, z) :- q(_)')).toEqual([
      '1:3 language/unsafe-variable',
      '1:6 language/unsafe-variable',
      '1:9 language/unsafe-variable',
    ])
    expectDiagnostic('p(x, w) :- q(x), z = y + 1, w = z * 2', '1:22', 'language/unsafe-variable')
    expectDiagnostic('p(x) :- q(x), y = z + 1, z = y - 1, w = y, w > x', '1:15', 'language/unsafe-variable')
  })

  it('follows chains of `=`, builtins and aggregates in any order', () => {
    expect(codesOf('p(d) :- d = c + 1, c = b, concat(a, a, b), q(a)')).toEqual([])
    expect(codesOf('p(b) :- b = n * 2, n = count : { r(a, _) }, q(a)')).toEqual([])
    expect(codesOf('p(x) :- 1 = x')).toEqual([])
  })

  it('wants variables bound under `not`, in comparisons, builtins and braces', () => {
    expectDiagnostic('p(x) :- q(x), not r(x, y)', '1:24', 'language/unsafe-variable', 'or write `_`')
    expectDiagnostic('p(x) :- q(x), x < y', '1:19', 'language/unsafe-variable')
    expectDiagnostic('p(z) :- q(x), len(y, z), z > x', '1:19', 'language/unsafe-variable')
    expectDiagnostic('p(n) :- n = count : { q(x), not r(x, y) }', '1:38', 'language/unsafe-variable')
    expectDiagnostic('p(x, n) :- n = count : { q(x) }', '1:3', 'language/unsafe-variable', 'braces group by')
  })

  it('tells facts that text needs quotes', () => {
    expectDiagnostic('p(vm1)', '1:3', 'language/unsafe-variable', 'write `"vm1"`')
  })
})

describe('strata', () => {
  it('orders tables by dependency', () => {
    const { program } = check('c(x) :- b(x), not a(x)  b(x) :- q(x)  b(x) :- c2(x)  c2(x) :- b(x)  a(x) :- b(x)')
    expect(program.strata).toEqual([['m:b', 'm:c2'], ['m:a'], ['m:c']])
  })

  it('refuses negation and aggregation in a circle, and shows the circle', () => {
    const { program, diagnostics } = check('p(x) :- q(x), o(x)  o(x) :- n(x)  n(x) :- q(x), not p(x)  f(1)')
    expect(diagnostics).toHaveLength(1)
    expect(diagnostics[0]).toMatchObject({ code: 'language/unstratified', span: { column: 53 } })
    expect(diagnostics[0]?.notes?.map(n => n.span?.column)).toEqual([15, 29])
    expect(program.rules.map(r => r.head.table)).toEqual(['m:p', 'm:o', 'm:f'])
    expectDiagnostic('p(n) :- n = count : { p(_) }', '1:23', 'language/unstratified')
  })

  it('takes a chain longer than the call stack', () => {
    const text = `p0(1) ${Array.from({ length: 12_000 }, (_, i) => `p${i + 1}(x) :- p${i}(x)`).join('\n')}`
    const { program, diagnostics } = check(text)
    expect(diagnostics).toEqual([])
    expect(program.strata).toHaveLength(12_001)
    expect(program.strata[12_000]).toEqual(['m:p12000'])
  })
})

describe('roles', () => {
  it('marks the tables that a policy is read through', () => {
    const { program, diagnostics } = check(
      'error(x) :- q(x)  cost(1, x, x) :- q(x)  candidate(x, y) :- r(x, y)  migration_budget(3)',
    )
    expect(diagnostics).toEqual([])
    const roles = [...program.tables.values()].filter(t => t.role).map(t => `${t.name} ${t.role}`)
    expect(roles).toEqual([
      'm:error error',
      'm:cost cost',
      'm:candidate candidate',
      'm:migration_budget migration_budget',
    ])
  })

  it('names modal heads by what they speak of', () => {
    const { program, diagnostics } = check(
      'insert[p(x)] :- q(x)  p(1)  execute[nova:pause(x)] :- q(x)  predict[s(x)] :- q(x)  delete[nova:servers(x, x, x)] :- q(x)',
    )
    expect(diagnostics).toEqual([])
    expect(program.rules.map(r => [r.modal, r.head.table])).toEqual([
      ['insert', 'insert[m:p]'],
      [undefined, 'm:p'],
      ['execute', 'execute[nova:pause]'],
      ['predict', 'predict[s]'],
      ['delete', 'delete[nova:servers]'],
    ])
    expect(program.tables.get('insert[m:p]')).toMatchObject({ display: 'insert[p]', kind: 'derived', role: undefined })
  })

  it('reads what rules of `insert` and `delete` give', () => {
    const { program, diagnostics } = check({
      'm.dl': 'p+(x) :- q(x)  p-(x) :- s(x)  o(x) :- insert[p(x)], not delete[p(x)]  p(1)  b:o+(x) :- p+(x)',
      'b.dl': 'o(x) :- b:o+(x), m:p-(x)',
    })
    expect(diagnostics).toEqual([])
    const read = program.rules.map(r => r.body.map(l => l.kind === 'atom' && l.table))
    expect(read.slice(2)).toEqual([['insert[m:p]', 'delete[m:p]'], [], ['insert[m:p]'], ['insert[b:o]', 'delete[m:p]']])
    expect(program.strata.map(s => s[0])).toEqual(['insert[m:p]', 'delete[m:p]', 'm:o', 'm:p', 'insert[b:o]', 'b:o'])
    expect(checkQuery('p+(x), b:o+(x)', program).rule?.body).toMatchObject([
      { table: 'insert[m:p]' },
      { table: 'insert[b:o]' },
    ])
  })

  it('judges such a reading as any other', () => {
    const { diagnostics } = check(
      'p+(x) :- q(x)  o(x) :- p+(x, _)  n(x) :- p-(x)  insert[equal(x)] :- q(x), not equal+(x)',
    )
    expect(diagnostics.map(d => `${d.code} ${d.message}`)).toEqual([
      'language/arity `insert[p]` has 1 column, but 2 arguments are given',
      'language/unknown-table nobody defines the table `delete[p]`: it is read as empty, and this rule never fires',
      'language/unstratified `insert[equal]` depends on the absence of its own rows',
    ])
    expect(diagnostics[1]?.help).toBe('write a rule with the head `delete[p(…)]`')
  })

  it('does not warn of a table that is only predicted', () => {
    expect(codesOf('predict[load(x, u)] :- r(x, u)  error(x) :- load(x, u), u > 3')).toEqual([])
  })
})

describe('rules', () => {
  it('gives several heads one body each, and drops a bad head alone', () => {
    expectRules('a(x), b(x) :- q(x)', ['a(x) :- q(x)', 'b(x) :- q(x)'])
    const { program } = check('execute[p(x)], b(x) :- q(x)')
    expect(program.rules.map(r => r.head.table)).toEqual(['m:b'])
  })

  it('keeps text on one line and the comments right above', () => {
    const source = [
      'a(1) // of a, not of b',
      '',
      '// far away',
      '',
      '# Spread the load:',
      '/* two lines',
      ' * of it */',
      'b(x) :-   // why',
      '   q(x),  s("two  blanks // in text");',
    ].join('\n')
    const { program } = check(source)
    expect(program.rules[0]).toMatchObject({ text: 'a(1)', comments: [] })
    expect(program.rules[1]).toMatchObject({
      text: 'b(x) :- q(x), s("two  blanks // in text")',
      comments: ['Spread the load:', 'two lines', 'of it'],
    })
  })

  it('finds nothing wrong with the policies of the seeds but what is wrong', () => {
    const given = [
      schema('same_ha_group', 'a b'),
      schema('type1_server', 'host'),
      schema('ceilometer:average_utilization', 'host meter value'),
    ]
    const text = `error(server) :-\ntype1_server(server),\nceilometer:average_utilization(server, “cpu-util”, avg),\navg < 50`
    expect(codesOf(text, given)).toEqual([])
  })

  it('does not follow an expression without end', () => {
    const long = Array.from({ length: 5000 }, () => 'x').join(' + ')
    expect(check(`p(y) :- q(x), y = ${long}`).diagnostics.map(d => d.code)).toEqual(['language/too-deep'])
  })

  it('gives a program without policies', () => {
    const { program, diagnostics } = checkPolicies([], { schemas: [] })
    expect(diagnostics).toEqual([])
    expect([...program.tables.keys()]).toEqual(['nova:location', 'placement:moved'])
  })

  it('says nothing of emptiness where the text could not be parsed', () => {
    const { policy, diagnostics } = parsePolicy(':- :-', 'broken.dl')
    expect(diagnostics.length).toBeGreaterThan(0)
    expect(checkPolicies([policy], { schemas: [] }).diagnostics).toEqual([])
  })
})
