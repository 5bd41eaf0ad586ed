import { describe, expect, it } from 'vitest'
import { checkPolicies, type Program, parsePolicy } from '../../language/index.ts'
import { createEvaluator } from '../index.ts'
import { table } from '../testing/core.ts'
import { lower } from './lower.ts'

function compile(text: string, tables: Record<string, number>): Program {
  const schemas = Object.entries(tables).map(([name, arity]) => table(name, [], arity).schema)
  const { program, diagnostics } = checkPolicies([parsePolicy(`policy m\n${text}`, 'm.dl').policy], { schemas })
  expect(diagnostics.filter(d => d.severity === 'error')).toEqual([])
  return program
}

describe('lowering', () => {
  it('feeds an aggregate from its braces alone where they bind its groups', () => {
    const program = compile('load(h, s) :- host(h), s = sum x : { at(v, h), cpu(v, x) }', { host: 1, at: 2, cpu: 2 })
    const { components, groups } = lower(program)
    expect(groups.size).toBe(1)
    expect(components.flatMap(c => c.clauses).filter(c => c.sink.kind === 'group')).toHaveLength(1)
    expect(components.every(c => !c.opaque)).toBe(true)
  })

  it('keeps one group for what rules of a policy say alike, whatever they call it, and warns at each of them', () => {
    const text = `
full(h) :- host(h), time(t), s = sum x : { at(v, h), load(v, t, x) }, s > 5
idle(g) :- time(u), host(g), s = sum y : { at(w, g), load(w, u, y) }, s < 1
other(h) :- host(h), time(t), s = sum x : { at(v, h), load(v, t, x), x > 0 }, s > 5
lacking(a) :- host(a), host(b), n = count : { at(v, a), v < b }, n = 0
lonely(a) :- host(a), host(b), n = count : { at(v, a), v < b }, n = 1`
    const program = compile(text, { host: 1, time: 1, at: 2, load: 3 })
    const shared = lower(program).groups
    // The last two compare at places of their own.
    expect([...shared.values()].map(literals => literals.length)).toEqual([2, 1, 1, 1])
    const e = createEvaluator(program)
    const at = [
      ['v', 'h'],
      ['w', 'g'],
    ]
    const load = [
      ['v', 1, 6],
      ['w', 1, 0.5],
      ['w', 2, 'much'],
    ]
    e.load([table('host', [['h'], ['g']]), table('time', [[1], [2]]), table('at', at), table('load', load)])
    expect(e.view.rows('m:full')).toEqual([['h']])
    expect(e.view.rows('m:idle')).toEqual([['g'], ['h']])
    const places = e.warnings.filter(w => w.code === 'datalog/mixed-aggregate').map(w => w.span!.line)
    expect(places).toEqual([3, 4])
    e.apply([{ table: 'at', removed: [['v', 'h']], inserted: [['v', 'g']] }])
    expect(e.view.rows('m:full')).toEqual([['g']])
    expect(e.view.rows('m:idle')).toEqual([['h']])
  })

  it('takes the groups from the rest of the rule where the braces only compare with them', () => {
    const text = 'rank(x, n) :- p(x), n = count : { p(y), y < x }'
    const program = compile(text, { p: 1 })
    expect(
      lower(program)
        .components.flatMap(c => c.nodes)
        .some(n => n.includes('context')),
    ).toBe(true)
    const e = createEvaluator(program)
    e.load([table('p', [[3], [1], [2]])])
    e.apply([{ table: 'p', inserted: [[0]], removed: [[2]] }])
    expect(e.view.rows('m:rank')).toEqual([
      [0, 0],
      [1, 1],
      [3, 2],
    ])
  })

  it('computes such an aggregate where it stands when the groups come from the recursion itself', () => {
    const text = `
walk(x) :- start(x).
walk(y) :- walk(x), step(x, y), n = count : { p(z), z <= x }, n > 0.`
    const program = compile(text, { start: 1, step: 2, p: 1 })
    expect(lower(program).components.some(c => c.opaque)).toBe(true)
    const e = createEvaluator(program)
    const steps = [1, 2, 3, 4].map(i => [i, i + 1])
    e.load([table('start', [[1]]), table('step', steps), table('p', [[1]])])
    expect(e.view.count('m:walk')).toBe(5)
    e.apply([{ table: 'p', inserted: [[3]], removed: [[1]] }])
    expect(e.view.rows('m:walk')).toEqual([[1]])
    e.apply([{ table: 'start', inserted: [[3]], removed: [] }])
    expect(e.view.rows('m:walk')).toEqual([[1], [3], [4], [5]])
  })

  it('lets a count over nothing be 0 until there is something', () => {
    const program = compile('empty(h) :- host(h), n = count : { at(_, h) }, n = 0', { host: 1, at: 2 })
    const e = createEvaluator(program)
    e.load([table('host', [['a'], ['b']]), table('at', [['v', 'a']])])
    expect(e.view.rows('m:empty')).toEqual([['b']])
    e.apply([{ table: 'at', inserted: [['v', 'b']], removed: [['v', 'a']] }])
    expect(e.view.rows('m:empty')).toEqual([['a']])
  })

  it('reads the clock once for each load and apply, and follows it', () => {
    const program = compile('seen(x, t) :- p(x), builtin:now(t)', { p: 1 })
    let clock = new Date('2026-01-01T00:00:00Z')
    const e = createEvaluator(program, { clock: () => clock, watch: ['m:seen'] })
    e.load([table('p', [['a']])])
    expect(e.view.rows('m:seen')).toEqual([['a', '2026-01-01 00:00:00']])
    clock = new Date('2026-01-01T00:00:05Z')
    e.whatIf([{ table: 'p', inserted: [['b']], removed: [] }], view => {
      expect(view.rows('m:seen').map(r => r[1])).toEqual(['2026-01-01 00:00:00', '2026-01-01 00:00:00'])
    })
    expect(e.apply([]).get('m:seen')).toEqual({
      inserted: [['a', '2026-01-01 00:00:05']],
      removed: [['a', '2026-01-01 00:00:00']],
    })
  })

  it('keeps the least and the greatest of a group under changes', () => {
    const text = 'least(x) :- x = min v : { p(v) }.\ngreatest(x) :- x = max v : { p(v) }.'
    const e = createEvaluator(compile(text, { p: 1 }))
    e.load([table('p', [[3], [1], [2]])])
    const both = () => [e.view.rows('m:least'), e.view.rows('m:greatest')]
    expect(both()).toEqual([[[1]], [[3]]])
    e.apply([{ table: 'p', inserted: [[5], [0]], removed: [[1], [3]] }])
    expect(both()).toEqual([[[0]], [[5]]])
    e.apply([{ table: 'p', inserted: [['a']], removed: [] }])
    expect(both()).toEqual([[], []])
    e.apply([{ table: 'p', inserted: [['b']], removed: [[0], [2], [5]] }])
    expect(both()).toEqual([[['a']], [['b']]])
    e.apply([{ table: 'p', inserted: [], removed: [['a'], ['b']] }])
    expect(both()).toEqual([[], []])
  })
})
