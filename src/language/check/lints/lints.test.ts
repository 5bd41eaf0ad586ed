import { describe, expect, it } from 'vitest'
import { codesOf, expectDiagnostic, schema } from '../testing/expect.ts'

const lint = (code: string) => (source: string, schemas?: Parameters<typeof codesOf>[1]) =>
  codesOf(source, schemas).filter(c => c.endsWith(code))

describe('self-join', () => {
  const selfJoin = lint('language/self-join')

  it('warns where one row can match both literals', () => {
    expectDiagnostic(
      'p(s, a, b) :- nova:location(a, s), nova:location(b, s)',
      '1:36',
      'language/self-join',
      'add `a != b`',
    )
    expect(selfJoin('p(a, b) :- r(a, s), r(b, t), s = t')).toHaveLength(1)
    expect(selfJoin('p(n) :- n = count : { r(a, s), r(b, s) }')).toHaveLength(1)
  })

  it('is quiet where something keeps the two apart', () => {
    expect(selfJoin('p(a, b) :- r(a, s), r(b, s), a != b')).toEqual([])
    expect(selfJoin('p(a, b) :- r(a, s), r(b, s), a < b')).toEqual([])
    expect(selfJoin('p(a, b) :- r(a, s), r(b, s), not r(a, b)')).toEqual([])
    expect(selfJoin('p(s) :- r(a, s), r(b, s), a = 1, b = 2')).toEqual([])
    expect(selfJoin('p(s) :- t(a, s, 1), t(b, s, 2), a <= b')).toEqual([])
    expect(selfJoin('o(a, b) :- r(a, b), a < b  p(a, b) :- o(a, b), r(a, s), r(b, s)')).toEqual([])
    expect(selfJoin('o(1, 2) o(2, 3) p(a, b) :- o(a, b), r(a, s), r(b, s)')).toEqual([])
    expect(selfJoin('o(1, 2) o(2, 2) p(a, b) :- o(a, b), r(a, s), r(b, s)')).toHaveLength(1)
  })

  it('is quiet where rows are walked, or nothing is joined', () => {
    expect(selfJoin('p(x, z) :- r(x, y), r(y, z)')).toEqual([])
    expect(selfJoin('p(x, y) :- q(x), q(y)')).toEqual([])
    expect(selfJoin('p(x) :- r(x, _), r(x, y), y > 1')).toEqual([])
  })
})

describe('single-use', () => {
  const singleUse = lint('language/single-use')

  it('warns of a variable that joins nothing', () => {
    expectDiagnostic('p(x) :- r(x, host)', '1:14', 'language/single-use', '`_host`')
    expect(singleUse('p(x) :- q(x), z = x + 1')).toEqual(['1:15 language/single-use'])
  })

  it('leaves `_`, `_name` and variables inside braces alone', () => {
    expect(singleUse('p(x) :- r(x, _), r(x, _y)')).toEqual([])
    expect(singleUse('p(n) :- n = count : { r(x, y) }')).toEqual([])
  })
})

describe('never-fires', () => {
  const never = lint('language/never-fires')

  it.each([
    'p(x) :- q(x), x < 3, x > 5',
    'p(x) :- q(x), x < 3, x >= 3',
    'p(x) :- q(x), x < x',
    'p(x) :- q(x), x != x',
    'p(x) :- q(x), x = 1, x = 2',
    'p(x) :- r(x, y), x = y, x = 1, y = 2',
    'p(x) :- r(x, y), x = y, x < y',
    'p(x) :- r(x, y), x < y, y < x',
    'p(x) :- r(x, y), x = 1, x > 4, y > 0',
    'p(x) :- q(x), x = "a", x < 3',
    'p(x) :- q(x), 1 > 2',
    'p(x) :- q(x), lt(x, 3), gt(x, 3)',
    'p(x) :- q(x), not q(x)',
  ])('warns of %s', source => {
    expect(never(source)).toHaveLength(1)
  })

  it.each([
    'p(x) :- q(x), x <= 3, x >= 3',
    'p(x) :- q(x), x > 3, x < 5',
    'p(x) :- q(x), x != 3, x < 4',
    'p(x) :- r(x, y), x <= y, y <= x',
    'p(x) :- q(x), x > "a", x < "b"',
    'p(x) :- q(x), not lt(x, 3), x > 5',
    'p(x) :- r(x, y), not r(y, x)',
  ])('is quiet about %s', source => {
    expect(never(source)).toEqual([])
  })

  it('follows tables that only such rules define', () => {
    expect(never('p(x) :- q(x), x < x  o(x) :- p(x)  n(x) :- o(x)')).toEqual([
      '1:15 language/never-fires',
      '1:30 language/never-fires',
      '1:44 language/never-fires',
    ])
    expect(never('p(x) :- p(x)')).toHaveLength(1)
    expect(never('p(x) :- missing(x)  o(x) :- p(x)')).toHaveLength(1)
    expect(never('p(x) :- missing(x)  p(1)  o(x) :- p(x)')).toEqual([])
    expect(never('o(x) :- q(x), not p(x)  p(x) :- missing(x)')).toEqual([])
  })

  it('is quiet about tables whose rules have errors', () => {
    expect(never('p(x) :- q(y)  o(x) :- p(x)')).toEqual([])
  })
})

describe('repeated-literal', () => {
  it('warns of the second one', () => {
    expectDiagnostic('p(x) :- q(x), s(x), q(x)', '1:21', 'language/repeated-literal')
    expectDiagnostic('p(x) :- q(x), x > 1, gt(x, 1)', '1:22', 'language/repeated-literal')
    expect(lint('repeated-literal')('p(x) :- r(x, _), r(x, _)', [schema('r', 'x y')])).toEqual([])
  })
})
