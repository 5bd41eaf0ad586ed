import fc from 'fast-check'
import { expect, it } from 'vitest'
import { scanCsv } from './scan-csv.ts'

const texts = (csv: string) => scanCsv(csv).rows.map(row => row.fields.map(field => field.text))

it('splits rows and fields', () => {
  expect(texts('a,b\nc,\r\n\n , "x,""y""\n" ,\r"",')).toEqual([
    ['a', 'b'],
    ['c', ''],
    ['', 'x,"y"\n', ''],
    ['', ''],
  ])
  expect(texts('')).toEqual([])
  expect(texts(' \n\t\n""\n')).toEqual([['']])
  expect(texts('a')).toEqual([['a']])
})

it('finds every misplaced quote and goes on', () => {
  const { rows, problems } = scanCsv('a"b,c\n"d"e,f\ng,"h\n')
  expect(problems.map(p => [p.start, p.end])).toEqual([
    [0, 3],
    [6, 10],
    [15, 17],
  ])
  expect(rows.map(row => row.fields.length)).toEqual([2, 2, 2])
})

it('reads back whatever was quoted', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '😀') })
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1 }), { minLength: 1 }), table => {
      const csv = table.map(row => row.map(text => `"${text.replaceAll('"', '""')}"`).join(' , ')).join('\r\n')
      expect(scanCsv(csv).problems).toEqual([])
      expect(texts(csv)).toEqual(table)
    }),
    { numRuns: 200 },
  )
})

it('never fails and never loses a place', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '\ufeff'), maxLength: 30 })
  fc.assert(
    fc.property(text, csv => {
      for (const row of scanCsv(csv).rows) {
        for (const field of row.fields) {
          const written = csv.slice(field.start, field.end)
          expect(field.quoted ? written.startsWith('"') : written === field.text).toBe(true)
        }
      }
    }),
    { numRuns: 300 },
  )
})
