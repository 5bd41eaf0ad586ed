import { describe, expect, test } from 'vitest'
import { DiagnosticError, loadCodeDocs, renderDiagnostics } from '../diagnostic/index.ts'
import { checkWorkflow, readWorkflow } from './index.ts'

const codeDocs = await loadCodeDocs()

/** What is wrong with a text: `code line:column`, and the whole as printed. */
function wrong(text: string): { places: string[]; printed: string } {
  try {
    readWorkflow(text, 'w.yaml')
  } catch (error) {
    expect(error).toBeInstanceOf(DiagnosticError)
    const { diagnostics } = error as DiagnosticError
    for (const d of diagnostics) {
      expect(codeDocs).toHaveProperty([d.code])
      expect(d.message).not.toMatch(/^[A-Z]|\.$|\n/)
    }
    return {
      places: diagnostics.map(d => `${d.code.slice('workflow/'.length)} ${d.span?.line}:${d.span?.column}`),
      printed: renderDiagnostics(diagnostics, new Map([['w.yaml', text]])),
    }
  }
  throw new Error('expected a diagnostic')
}

describe('readWorkflow', () => {
  test('name and tasks at the top', () => {
    const text = `
name: move
tasks:
  migrate:
    action: nova:live_migrate
    input: { vm: vm-1, host: server-a }
    retry: { count: 3, delay: 5, backoff: 2 }
    timeout: 600
    on-success: [confirm]
    on-error: park
  confirm: { action: check, join: all }
  park: { action: park }
`
    expect(readWorkflow(text, 'w.yaml')).toEqual({
      name: 'move',
      tasks: {
        migrate: {
          action: 'nova:live_migrate',
          input: { vm: 'vm-1', host: 'server-a' },
          retry: { count: 3, delay: 5, backoff: 2 },
          timeout: 600,
          'on-success': ['confirm'],
          'on-error': ['park'],
        },
        confirm: { action: 'check', join: 'all' },
        park: { action: 'park' },
      },
    })
  })

  test("Mistral's form", () => {
    const text = `
version: '2.0'
move:
  type: direct
  description: one VM
  tasks:
    a: { action: x }
`
    expect(readWorkflow(text, 'w.yaml')).toMatchObject({ name: 'move', tasks: { a: { action: 'x' } } })
  })

  test('a transition to nowhere, shown with the nearest name', () => {
    const text = `name: w
tasks:
  migrate:
    action: x
    on-success:
      - confirn
  confirm: { action: x }
`
    expect(wrong(text).printed).toBe(
      [
        'error: `on-success` of task `migrate` leads to `confirn`, which is not a task of the workflow [workflow/unknown-task]',
        '  --> w.yaml:6:9',
        '  |',
        '6 |       - confirn',
        '  |         ^^^^^^^',
        '  help: did you mean `confirm`?',
      ].join('\n'),
    )
  })

  test('every mistake of a text at once, each at its place', () => {
    const text = `name: w
tasks:
  a:
    acton: x
    timeout: soon
    requires: [b]
  b/c: { action: x }
  d: { action: x, join: some }
  e: { action: x, retry: { count: -1, dely: 5 } }
`
    expect(wrong(text).places.sort()).toEqual(
      [
        'invalid 5:14',
        'invalid 8:25',
        'invalid 9:35',
        'task-name 7:3',
        'unknown-word 4:5',
        'unknown-word 9:39',
        'unsupported 6:5',
      ].sort(),
    )
    const { printed } = wrong(text)
    expect(printed).toContain('did you mean `action`?')
    expect(printed).toContain('did you mean `delay`?')
  })

  test('a join that nothing leads to, a circle, no tasks', () => {
    expect(wrong('name: w\ntasks:\n  a: { action: x, join: all }\n').places).toEqual(['join-without-inbound 3:25'])
    const circle = wrong(`name: w
tasks:
  a: { action: x, on-success: b }
  b: { action: x, on-error: [c] }
  c: { action: x, on-complete: [b] }
`)
    expect(circle.places).toEqual(['cycle 5:3'])
    expect(circle.printed).toContain('`b` → `c` → `b`')
    expect(wrong('name: w\ntasks: { a: { action: x, on-error: a } }').places).toEqual(['cycle 2:10'])
    expect(wrong('name: w\ntasks: {}\n').places).toEqual(['no-tasks 2:8'])
  })

  test('what is no workflow at all', () => {
    expect(wrong('').places.map(p => p.split(' ')[0])).toEqual(['invalid', 'invalid'])
    expect(wrong('- a\n- b\n').places).toEqual(['invalid 1:1'])
    expect(wrong('name: w\ntasks: {a: {action: x}\n').places[0]).toMatch(/^yaml /)
    expect(wrong('name: w\nname: v\ntasks: {}\n').places).toEqual(['yaml 2:1'])
    expect(wrong('name: w\ntasks: *nowhere\n').places[0]).toMatch(/^yaml /)
  })
})

test('a definition built in code is checked the same way, without places', () => {
  const wrongOne = { name: 'w', tasks: { a: { action: 'x', 'on-success': ['b'] } } }
  expect(() => checkWorkflow(wrongOne)).toThrow('leads to `b`, which is not a task')
})

test('names that every object has are only names', () => {
  const wrongOne = { name: 'w', tasks: { a: { action: 'x', 'on-success': ['toString'] } } }
  expect(() => checkWorkflow(wrongOne)).toThrow('leads to `toString`, which is not a task')
})

test('a chain of 20,000 tasks is checked without running out of stack', () => {
  const tasks = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, i) => [
      `t${i}`,
      { action: 'x', ...(i < 19_999 && { 'on-success': [`t${i + 1}`] }) },
    ]),
  )
  expect(checkWorkflow({ name: 'long', tasks }).first).toEqual(['t0'])
})
