import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadCodeDocs } from '../../src/diagnostic/index.ts'
import { diagnosticsPage } from './diagnostics-page.ts'

const codeDocs = await loadCodeDocs()

const top = join(import.meta.dirname, '..', '..')

test('the page of diagnostics is up to date', async () => {
  await expect(diagnosticsPage()).toMatchFileSnapshot(join(top, 'docs/reference/diagnostics.md'))
})

test('every code used in the source has an entry, and every entry is used', () => {
  const rooms = [...new Set(Object.keys(codeDocs).map(code => code.slice(0, code.indexOf('/'))))].join('|')
  const literal = new RegExp(`'((?:${rooms})/[a-z0-9-]+)'`, 'g')
  const used = new Set<string>()
  /** Names in quotes, of files that put codes together: `room/${name}`. */
  const parts = new Set<string>()
  for (const folder of ['src', 'solvers'])
    for (const name of readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.includes('diagnostic/codes/')) continue
      const text = readFileSync(join(top, folder, name), 'utf8')
      for (const match of text.matchAll(literal)) used.add(match[1]!)
      for (const [, room = ''] of text.matchAll(new RegExp(`\`(${rooms})/\\$\\{`, 'g')))
        for (const [, part = ''] of text.matchAll(/'([a-z0-9-]+)'/g)) parts.add(`${room}/${part}`)
    }
  const listed = Object.keys(codeDocs)
  expect([...used].filter(code => !listed.includes(code)).toSorted(), 'used without an entry').toEqual([])
  const idle = listed.filter(code => !used.has(code) && !parts.has(code))
  expect(idle.toSorted(), 'listed but never used').toEqual([])
})
