import { describe, expect, test } from 'vitest'
import type { Diagnostic, Span } from './diagnostic.ts'
import { renderDiagnostic, renderDiagnostics } from './render.ts'

/** The span of the first `part` in `text`. */
function spanOf(text: string, part: string, file = 'a.dl'): Span {
  const start = text.indexOf(part)
  const from = text.lastIndexOf('\n', start - 1) + 1
  const line = text.slice(0, start).split('\n').length
  return { file, start, end: start + part.length, line, column: start - from + 1 }
}

const error = (more: Partial<Diagnostic>): Diagnostic => ({ code: 'x/y', severity: 'error', message: 'no', ...more })
const shown = (text: string, d: Diagnostic): string => renderDiagnostic(d, new Map([['a.dl', text]]))

describe('one diagnostic', () => {
  test('place, line, carets, notes and help', () => {
    const text = 'one\n\ttwo three\r\nfour'
    const d = error({
      message: '`three` is wrong',
      span: spanOf(text, 'three'),
      notes: [{ message: 'first here', span: spanOf(text, 'one') }, { message: 'no place' }],
      help: 'write `3`',
    })
    expect(shown(text, d)).toBe(
      [
        'error: `three` is wrong [x/y]',
        '  --> a.dl:2:6',
        '  |',
        '2 | \ttwo three',
        '  | \t    ^^^^^',
        '  note: first here',
        '  --> a.dl:1:1',
        '  |',
        '1 | one',
        '  | ^^^',
        '  note: no place',
        '  help: write `3`',
      ].join('\n'),
    )
  })
  test('without a place or without the text', () => {
    expect(shown('', error({ severity: 'warning' }))).toBe('warning: no [x/y]')
    expect(shown('', error({ span: { file: 'b.dl', start: 9, end: 10, line: 3, column: 4 } }))).toBe(
      'error: no [x/y]\n  --> b.dl:3:4',
    )
  })
  test('a span over several lines is underlined on its first', () => {
    const text = 'p(x) :-\n  q(x)'
    expect(shown(text, error({ span: spanOf(text, text) }))).toContain('\n  | ^^^^^^^')
  })
  test('an empty span at the end of a text that ends with a line break', () => {
    const text = 'p(\n'
    const d = error({ span: { file: 'a.dl', start: 3, end: 3, line: 2, column: 1 } })
    expect(shown(text, d).split('\n').slice(-2)).toEqual(['2 | ', '  | ^'])
  })
  test('a first line that begins with a line break or a byte order mark', () => {
    const empty = '\np'
    expect(shown(empty, error({ span: { file: 'a.dl', start: 0, end: 1, line: 1, column: 1 } }))).toContain(
      '\n1 | \n  | ^',
    )
    const marked = '\ufeffp q'
    expect(shown(marked, error({ span: { file: 'a.dl', start: 3, end: 4, line: 1, column: 3 } }))).toContain(
      '\n1 | p q\n  |   ^',
    )
  })
  test('a long line is cut around the caret', () => {
    const text = `${'x'.repeat(500)}HERE${'y'.repeat(500)}`
    const [, , , line, carets] = shown(text, error({ span: spanOf(text, 'HERE') })).split('\n')
    expect(line).toHaveLength(164)
    expect(carets!.indexOf('^')).toBe(line!.indexOf('HERE'))
    expect(carets!.match(/\^+/)?.[0]).toBe('^^^^')
  })
  test('control characters never reach the terminal', () => {
    const text = 'p("\u001b[31m")'
    const out = shown(text, error({ message: 'found `\u001b[2J`', span: spanOf(text, 'p') }))
    expect(out).not.toContain('\u001b')
    expect(out).toContain('1 | p("\ufffd[31m")')
  })
  test('colours on demand', () => {
    const out = renderDiagnostic(error({ help: 'do' }), new Map(), { color: true })
    expect(out).toContain('\u001b[31m')
  })
})

test('several are in order of place, those without a place first', () => {
  const at = (file: string, start: number): Diagnostic =>
    error({ message: `${file}${start}`, span: { file, start, end: start, line: 1, column: start + 1 } })
  const out = renderDiagnostics([at('b', 0), at('a', 10), at('a', 9), error({ message: 'nowhere' })], new Map())
  expect(out.match(/(?<=error: )\w+/g)).toEqual(['nowhere', 'a9', 'a10', 'b0'])
})
