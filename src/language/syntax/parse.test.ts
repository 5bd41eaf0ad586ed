import { describe, expect, test } from 'vitest'
import { parsePolicy, parseQuery } from './parse.ts'
import { bodyTree, statementTree } from './testing/tree.ts'

function expectParse(source: string, ...trees: string[]): void {
  const { policy, diagnostics } = parsePolicy(source, 'test.dl')
  expect(diagnostics, source).toEqual([])
  expect(policy.statements.map(statementTree)).toEqual(trees)
}

/** The errors as `line:column code`, in order. */
function expectSyntaxError(source: string, ...errors: string[]): void {
  const { diagnostics } = parsePolicy(source, 'test.dl')
  const found = diagnostics.map(d => `${d.span?.line}:${d.span?.column} ${d.code.replace('language/', '')}`)
  expect(found, source).toEqual(errors)
}

/** What of a text with errors is still read. */
function expectRecovery(source: string, ...trees: string[]): void {
  const { policy, diagnostics } = parsePolicy(source, 'test.dl')
  expect(diagnostics.length).toBeGreaterThan(0)
  expect(policy.statements.map(statementTree)).toEqual(trees)
}

describe('texts as people sent them', () => {
  test('two rules without an end, with curly quotes and mixed case', () => {
    expectParse(
      `// anti-affinity
error (server, VM1, VM2) :-
same_ha_group(VM1, VM2),
nova:location(VM1, server),
nova:location(VM2, server)

// server-utilization
error(server) :-
type1_server(server),
ceilometer:average_utilization(server, “cpu-util”, avg),
avg < 50
`,
      'error(server VM1 VM2) :- same_ha_group(VM1 VM2) & <nova>location(VM1 server) & <nova>location(VM2 server)',
      `error(server) :- type1_server(server) & <ceilometer>average_utilization(server '"cpu-util" avg) & (< avg '50)`,
    )
  })
  test('a prefix builtin and a semicolon', () => {
    expectParse(
      'error (server, VM1, VM2) :- node (VM1, server1), node (VM2, server2), same_ha_group(VM1, VM2), equal(server1, server2);',
      'error(server VM1 VM2) :- node(VM1 server1) & node(VM2 server2) & same_ha_group(VM1 VM2) & equal(server1 server2)',
    )
  })
  test('a prediction', () => {
    expectParse(
      `predict[ceilometer:average_utilization(server, "cpu-util", u)] :-
    host_cpu(server, cap),
    u = 100 * sum load : { nova:location(vm, server), vm_cpu(vm, load) } / cap`,
      `predict[<ceilometer>average_utilization(server '"cpu-util" u)] :- host_cpu(server cap) & ` +
        `(= u (/ (* '100 (sum load { <nova>location(vm server) & vm_cpu(vm load) })) cap))`,
    )
  })
})

describe('where a rule ends', () => {
  test.each([
    ['p(x) :- q(x) r(1) s(2)', ['p(x) :- q(x)', "r('1)", "s('2)"]],
    ['p(x) :- q(x).r(1)', ['p(x) :- q(x)', "r('1)"]],
    ['p(x) :- q(x).\nr(y)', ['p(x) :- q(x)', 'r(y)']],
    ['p(x) :- x > 3.r(1)', ["p(x) :- (> x '3)", "r('1)"]],
    ['p(x) :- x > 3 r(1)', ["p(x) :- (> x '3)", "r('1)"]],
    ['p(x) :- x > y r(1)', ['p(x) :- (> x y)', "r('1)"]],
    ['p :- q r s :- t', ['p :- q', 'r', 's :- t']],
    ['p. q; r', ['p', 'q', 'r']],
    ['p(1). ; . q(2)', ["p('1)", "q('2)"]],
    ['a(x), b(x) :- c(x) d(1), e(2)', ['a(x) & b(x) :- c(x)', "d('1) & e('2)"]],
    ['p(1)q(2)', ["p('1)", "q('2)"]],
    ['p(x) :- q(x) r, s :- t', ['p(x) :- q(x)', 'r & s :- t']],
    ['p :- n = count q(1)', ['p :- (= n count)', "q('1)"]],
    ['p :- n = sum q(x) :- r(x)', ['p :- (= n sum)', 'q(x) :- r(x)']],
    ['p :- sum q(1)', ['p :- sum', "q('1)"]],
    ['p :- q\np+(x) :- r(x)', ['p :- q', 'insert[p(x)] :- r(x)']],
    ['p :- q\nand\nr(1)', ['p :- q', 'and', "r('1)"]],
  ])('%s', (source, trees) => expectParse(source, ...trees))
})

describe('names and values', () => {
  test.each([
    ['neutronv2:ports.fixed_ips(1).', "<neutronv2>ports.fixed_ips('1)"],
    ['nova : servers(1)', "<nova>servers('1)"],
    ['a:b:c(1)', "<a>b:c('1)"],
    ['größe(1)', "größe('1)"],
    ['p', 'p'],
    ['p()', 'p()'],
    ['policy(1)', "policy('1)"],
    ['p(Upper, lower, _, _x)', 'p(Upper lower _ _x)'],
    ['p(1.5, 1e6, 0, -1, 2.5E-3, 0x1F)', "p('1.5 '1000000 '0 '-1 '0.0025 '31)"],
    ['p(- 1, -0)', "p('-1 '0)"],
    ['p(9007199254740992, -9007199254740992.0)', "p('9007199254740992 '-9007199254740992)"],
    ['p(true, false, null, True)', "p('true 'false 'null True)"],
    [`p("a'b", 'a"b')`, `p('"a'b" '"a\\"b")`],
    ['p("\\u00e9\\n\\t\\\\\\/\\"")', `p('"é\\n\\t\\\\/\\"")`],
    ['p(‘it’, “x", "y”)', `p('"it" '"x" '"y")`],
    ['p("// no comment", "/* nor this */", "#")', `p('"// no comment" '"/* nor this */" '"#")`],
    ['\ufeffp(1)\r\n', "p('1)"],
    ['p(1,\u00a02)', "p('1 '2)"],
    ['nova:servers(id=vm, host=h)', '<nova>servers(id=vm host=h)'],
    ['nova:servers(x, _, name="a", 3=y)', `<nova>servers(x _ name='"a" 3=y)`],
    ['insert[p(x)]', 'insert[p(x)]'],
    ['delete[m:p(x)]', 'delete[<m>p(x)]'],
    ['execute[nova:flavors.delete(id)]', 'execute[<nova>flavors.delete(id)]'],
    ['nova:p+(1)', "insert[<nova>p('1)]"],
    ['p-(1)', "delete[p('1)]"],
    ['predict (1)', "predict('1)"],
    ['p(x + 1)', "p((+ x '1))"],
  ])('%s', (source, tree) => expectParse(source, tree))
})

describe('literals', () => {
  test.each([
    ['not q(x)', '(not q(x))'],
    ['NOT q', '(not q)'],
    ['!q(x)', '(not q(x))'],
    ['a < b, a <= b, a > b, a >= b', '(< a b) & (<= a b) & (> a b) & (>= a b)'],
    ['a = b, a == b, a != b', '(= a b) & (= a b) & (!= a b)'],
    ['x<-3', "(< x '-3)"],
    ['"a" = x', `(= '"a" x)`],
    ['lt(x, y)', 'lt(x y)'],
    ['builtin:lt(x, y)', '<builtin>lt(x y)'],
    ['max(x, y, z)', 'max(x y z)'],
    ['max(x, y) = z', '(= (max x y) z)'],
    ['abs(x) - 1 > 2', "(> (- (abs x) '1) '2)"],
    ['p-(x) < 1', "(< (- p x) '1)"],
    ['p -(x) < 1', "(< (- p x) '1)"],
    ['count(x)', 'count(x)'],
    ['count', 'count'],
    ['(a + b) * c > 1', "(> (* (+ a b) c) '1)"],
    ['a - b - c = a * b % c', '(= (- (- a b) c) (% (* a b) c))'],
    ['a - (b - c) = -b', '(= (- a (- b c)) (neg b))'],
    ['-(1) = - -1', "(= (neg '1) (neg '-1))"],
    ['2 -1 = x', "(= (- '2 '1) x)"],
    ['z = pow(a, 2) + min(a, b, 3)', "(= z (+ (pow a '2) (min a b '3)))"],
    ['n = count : { q(x), x > 1 }', "(= n (count { q(x) & (> x '1) }))"],
    ['count : { q } > 1', "(> (count { q }) '1)"],
    ['n = count:{q}', '(= n (count { q }))'],
    ['n = avg x : { q(x) }', '(= n (mean x { q(x) }))'],
    ['n = mean x : { q(x) }', '(= n (mean x { q(x) }))'],
    ['n = sum a * b : { q(a, b) }', '(= n (sum (* a b) { q(a b) }))'],
    ['n = max (a) * b : { q(a, b) } + 1', "(= n (+ (max (* a b) { q(a b) }) '1))"],
    ['max (a + b) : { q(a, b) } > 1', "(> (max (+ a b) { q(a b) }) '1)"],
    ['n = min max(a, b) : { q(a, b) }', '(= n (min (max a b) { q(a b) }))'],
    ['n = sum -x : { q(x) }', '(= n (sum (neg x) { q(x) }))'],
    ['n = sum 1 : { q(x) }', "(= n (sum '1 { q(x) }))"],
    ['sum x : { q(x) } > sum + count', '(> (sum x { q(x) }) (+ sum count))'],
    [
      'n = count : { q(x), m = max y : { r(x, y) }, m > 1 }',
      "(= n (count { q(x) & (= m (max y { r(x y) })) & (> m '1) }))",
    ],
    ['n = count : { not q, "}" = x }', `(= n (count { (not q) & (= '"}" x) }))`],
  ])('%s', (source, tree) => expectParse(`h :- ${source}`, `h :- ${tree}`))
})

describe('the name of a policy', () => {
  test.each([
    ['policies/nfv-poc.dl', 'p(1)', 'nfv-poc'],
    ['C:\\x\\ha.v2.dl', '', 'ha.v2'],
    ['plain', 'policy\nfoo(1)', 'plain'],
    ['plain', 'policy foo(1)', 'plain'],
    ['x.dl', '// first\npolicy ha\np(1)', 'ha'],
    ['x.dl', 'policy ha; p(1)', 'ha'],
  ])('%s %j', (file, source, name) => {
    const { policy, diagnostics } = parsePolicy(source, file)
    expect(diagnostics).toEqual([])
    expect(policy.name).toBe(name)
  })
})

describe('places', () => {
  test('spans are those of the source, also behind a byte order mark and CRLF', () => {
    const text = '\ufeffp(1)\r\n  q(x) :- r(x), (x + 1) * 2 < y.\r\n'
    const { policy } = parsePolicy(text, 'f')
    const cut = (s: { start: number; end: number }) => text.slice(s.start, s.end)
    const [fact, rule] = policy.statements
    expect(fact?.span).toEqual({ file: 'f', start: 1, end: 5, line: 1, column: 1 })
    expect(rule?.span).toMatchObject({ line: 2, column: 3 })
    expect(cut(rule!.span)).toBe('q(x) :- r(x), (x + 1) * 2 < y')
    const comparison = rule?.body?.[1]
    expect(comparison?.kind === 'comparison' && cut(comparison.left.span)).toBe('(x + 1) * 2')
  })
  test('comments keep their text and place', () => {
    const { policy } = parsePolicy('# a\np(1) // b\n/* c\n */ q(2)', 'f')
    expect(policy.comments.map(c => [c.text, c.span.line, c.span.column])).toEqual([
      ['# a', 1, 1],
      ['// b', 2, 6],
      ['/* c\n */', 3, 1],
    ])
    expect(policy.statements[1]?.span).toMatchObject({ line: 4, column: 5 })
  })
})

describe('queries', () => {
  test.each([
    ['error(x)', 'error(x)'],
    ['p(x), not q(x), x > 3.', "p(x) & (not q(x)) & (> x '3)"],
  ])('%s', (source, tree) => {
    const { literals, diagnostics } = parseQuery(source)
    expect(diagnostics).toEqual([])
    expect(bodyTree(literals)).toBe(tree)
  })
  test.each([
    ['', '1:1 expected a query, found the end of the text'],
    ['p(x) :- q(x)', '1:6 expected the end of the query, found `:-`'],
    ['p(x) q(x)', '1:6 expected `,` or the end of the query, found `q`'],
    ['p(x', '1:4 expected `)` before the end of the text'],
  ])('%j is refused', (source, message) => {
    const { diagnostics } = parseQuery(source)
    expect(diagnostics.map(d => `${d.span?.line}:${d.span?.column} ${d.message}`)).toEqual([message])
    expect(diagnostics[0]?.span?.file).toBe('<query>')
  })
})

describe('errors stand where they are', () => {
  test.each([
    ['p(1)\nq(9007199254740993, 1e400)\n', '2:3 number-too-large', '2:21 number-too-large'],
    ['p(-9007199254740993)', '1:4 number-too-large'],
    ['p(12ab-4)', '1:3 bad-number'],
    ['p(007, .5)', '1:3 bad-number', '1:8 bad-number'],
    ['p("a\\qb", "\\u12", "x\\")', '1:5 bad-escape', '1:12 bad-escape', '1:19 unterminated-string'],
    ['p(x) :- not x < 1, 1 < x < 3', '1:9 negated-comparison', '1:26 chained-comparison'],
    ['p(x) :- q(x) not r(x) x < 3', '1:14 missing-comma', '1:23 missing-comma'],
    [
      'p(x) :- n = count x : {q(x)}, m = max(n), k = sum : {r}',
      '1:19 aggregate-form',
      '1:35 aggregate-form',
      '1:47 aggregate-form',
    ],
    ['p(x) :- x = count { q }', '1:19 aggregate-form'],
    [
      'p(x) :- true.\n_(1).\nnot(1).',
      '1:9 reserved-word',
      '2:1 reserved-word',
      '3:1 negated-head',
      '3:4 unexpected-token',
    ],
    ['policy a-b-c\np(1', '1:9 reserved-word', '2:4 missing-bracket'],
    ['p[x]', '1:1 unknown-modal'],
    ['p(x) :- execute[q(x)], not predict[r(x)], s+(x)', '1:9 modal-literal', '1:24 modal-literal'],
    ['p(a:b)', '1:3 table-as-value'],
    ['p(x) :- x = nova:f', '1:13 table-as-value'],
    ['p(x) :- q(x) | r(x) ; @@@ s(1)', '1:14 unknown-character', '1:23 unknown-character'],
  ])('%j', (source, ...errors) => expectSyntaxError(source, ...errors))
})

describe('each statement is recovered on its own', () => {
  test.each([
    ['p(1\nq(2)\nr(x) :- s(x', ["q('2)", 'r(x) :- s(x)']],
    ['p(x) :- q(x,\n\nr(1).\ns(2)', ["p(x) :- q(x (r '1))", "s('2)"]],
    ['p("abc, 1)\nq(2)', ["q('2)"]],
    ['p(x) :- (q(x), r(x))\nok(1)', ["ok('1)"]],
    ['p(x) :- @ q(x),\n  r(x)\nok(x) :- s(x)', ['ok(x) :- s(x)']],
    ['p(x) :- q(x),\nr(y) :- s(y)', ['p(x) :- q(x)', 'r(y) :- s(y)']],
    ['p(x <- q(x)\nr(1)', ["r('1)"]],
    ['p(x) <- q(x) and r(x)', ['p(x) :- q(x) & r(x)']],
    ['% Prolog\np(1)\n-- SQL\nq(2)', ["p('1)", "q('2)"]],
    ['p(1) ) ) q(x) :- r(x)', ["p('1)", 'q(x) :- r(x)']],
  ])('%j', (source, trees) => expectRecovery(source, ...trees))
})

describe('hostile texts', () => {
  const many = 20_000
  test.each([
    ['p(', 'nested more than 100 deep'],
    ['(', undefined],
    ['p :- x = -', undefined],
    ['not ', undefined],
    ['p :- n = count : { ', undefined],
    ['count : { ', undefined],
    ['a[', 'is not known'],
    ['p+(', 'nested'],
    ['"', undefined],
    ['/*', undefined],
    ['}])', undefined],
    ['a,', 'nothing follows'],
    ['a.', undefined],
    ['sum ', undefined],
    ['p(x\n', 'expected `)`'],
    ['p :- ', undefined],
    ['\ud800', undefined],
  ])('%j many times', (piece, message) => {
    const { diagnostics } = parsePolicy(piece.repeat(many), 'f')
    expect(diagnostics.length).toBeLessThanOrEqual(1001)
    if (message) expect(diagnostics.some(d => d.message.includes(message))).toBe(true)
  })
  test('a hundred thousand brackets and operators get one diagnostic', () => {
    const deep = `p :- x = ${'('.repeat(1e5)}1${')'.repeat(1e5)}\nq(1)`
    const long = `p :- x = ${'1 + '.repeat(1e5)}1\nq(1)`
    for (const text of [deep, long]) {
      const { policy, diagnostics } = parsePolicy(text, 'f')
      expect(diagnostics.map(d => d.code)).toEqual(['language/too-deep'])
      expect(policy.statements.map(statementTree)).toEqual(["q('1)"])
    }
  })
  test('more than a thousand errors are counted, not shown', () => {
    const { diagnostics } = parsePolicy('p(\n'.repeat(1500), 'f')
    expect(diagnostics.length).toBeLessThanOrEqual(1001)
    const { diagnostics: characters } = parsePolicy('@$'.repeat(1000), 'f')
    expect(characters.at(-1)?.message).toBe('1000 more errors are not shown')
  })
})
