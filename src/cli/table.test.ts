import { describe, expect, test } from 'vitest'
import type { Sink } from './io.ts'
import { renderTable } from './table.ts'

const sink = (isTerminal: boolean, columns = 80): Sink => ({ write: () => {}, isTerminal, columns })
const columns = [{ title: 'name' }, { title: 'n', align: 'right' }, { title: 'why' }] as const

describe('piped', () => {
  test('columns are aligned without the colours being counted, and lines have no blanks at their end', () => {
    const rows = [
      ['a', '\u001b[31m10\u001b[39m', ''],
      ['longer', '5', 'two\nlines'],
    ]
    expect(renderTable(columns, rows, sink(false))).toBe(
      ['name     n  why', 'a       \u001b[31m10\u001b[39m', 'longer   5  two', '            lines', ''].join('\n'),
    )
  })

  test('a table without rows is its header', () => {
    expect(renderTable(columns, [], sink(false))).toBe('name  n  why\n')
  })
})

describe('on a terminal', () => {
  test.each([40, 60, 80])('a table fits %i columns, and no word is lost', width => {
    const words = 'error("server-a", "server-b") by the rule at policies/nfv-poc/balance.dl:17'
    const text = renderTable(columns, [['vm-1', '1', words]], sink(true, width))
    const lines = text.trimEnd().split('\n')
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(width)
    const why = lines.filter(line => line.startsWith('│')).map(line => line.split('│')[3]!.trim())
    expect(why.slice(1).join('').replaceAll(' ', '')).toBe(words.replaceAll(' ', ''))
  })
})
