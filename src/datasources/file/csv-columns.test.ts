import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type ColumnType, encodedTable, Interner } from '../../tables/index.ts'
import { readCsv } from './csv.ts'
import { readCsvColumns } from './csv-columns.ts'
import type { TableSpec } from './file-table.ts'
import { Findings, SourceText } from './source-text.ts'

function specOf(types: Readonly<Record<string, ColumnType>>): TableSpec {
  return { columns: undefined, typeOf: column => types[column], unitOf: () => undefined }
}

function byColumns(text: string, spec: TableSpec) {
  const read = readCsvColumns(Buffer.from(`${text}\n`), 't.csv', spec, new Interner())
  if (!read) return undefined
  const columns = read.names.map(name => ({ name }))
  const { rows } = encodedTable({ table: 't', columns }, { source: 'test', readAt: '' }, read.encoded)
  return { columns: read.names, rows }
}

function byRows(text: string, spec: TableSpec) {
  const findings = new Findings()
  const read = readCsv(new SourceText('t.csv', text), spec, findings)
  return findings.errors > 0 || !read ? undefined : { columns: read.columns, rows: read.rows }
}

const cells = [
  'vm1',
  'host-2',
  '1',
  '-1',
  '0',
  '-0',
  '007',
  '1.50',
  '1.',
  '.5',
  '-',
  '+5',
  '1e5',
  '3f2a-77',
  '10.0.0.1',
]
const words = [
  'true',
  'false',
  'True',
  'nan',
  'NaN',
  '-inf',
  'Infinity',
  'n1',
  'é',
  '"a"',
  '"a ""b"""',
  '"1"',
  'a b',
  ' x ',
  '',
]
const numbers = [
  '9007199254740993',
  '123456789012345',
  '0.1234567890123456789',
  '123456.789',
  '-0.0',
  '1234567890123.45',
]
const cell = fc.constantFrom(...cells, ...words, ...numbers)
const type = fc.constantFrom<ColumnType>('any', 'any', 'string', 'number', 'boolean')

it('reads what the thorough reader reads, or leaves it to that one', () => {
  let read = 0
  const file = fc.record({
    rows: fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { maxLength: 6 }),
    types: fc.record({ a: type, b: type }),
    newline: fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\n \n'),
    end: fc.constantFrom('', '\n'),
    bom: fc.constantFrom('', '\ufeff'),
  })
  fc.assert(
    fc.property(file, ({ rows, types, newline, end, bom }) => {
      const text = bom + [['a', 'b'], ...rows].map(row => row.join(',')).join(newline) + end
      const quick = byColumns(text, specOf(types))
      if (quick) read++
      expect(quick).toEqual(byRows(text, specOf(types)))
    }),
    { numRuns: 300 },
  )
  expect(read).toBeGreaterThan(10)
})

it('gives numbers as `Number` reads them', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,8})?$/)
  fc.assert(
    fc.property(digits, text => {
      expect(byColumns(`a\n${text}`, specOf({}))?.rows).toEqual([[Number(text) + 0]])
    }),
    { numRuns: 300 },
  )
})

it('reads any number of rows, also ones that repeat', () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `vm${i % 3000},host${i % 7},${i % 4}`)
  const read = byColumns(`vm,host,cpu\n${lines.join('\n')}`, specOf({}))
  expect(read?.rows).toEqual(lines.map(line => line.split(',').map((text, c) => (c === 2 ? Number(text) : text))))
})

it('gives up on what must be reported', () => {
  for (const text of [
    '',
    '\n',
    'a,a\n1,2',
    'a,b\n1',
    'a,b\n1,2,3',
    'a\n"x',
    'a\nx"y',
    'a\n"x"y',
    'a\nnan',
    'a\n9007199254740993',
  ]) {
    expect(byColumns(text, specOf({})), text).toBeUndefined()
  }
  expect(readCsvColumns(Buffer.from([97, 10, 0xff, 10]), 't.csv', specOf({}), new Interner())).toBeUndefined()
})
