import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { applyChanges, readChanges } from './changes.ts'
import { openFolder } from './file/folder.ts'
import { findingsOf, folderOf, removeFolders } from './testing/folders.ts'
import { contents, tables } from './testing/tables.ts'

afterEach(removeFolders)

const START = tables({
  'p a b': [
    [1, 'x'],
    [2, 'y'],
  ],
  'q a': [[1]],
})

describe('a change file', () => {
  it('is a list of deltas', async () => {
    const folder = folderOf({
      'c.change.jsonl': '{"table": "p", "removed": [[1, "x"]]}\n{"table": "q", "inserted": [[null]]}\n',
    })
    const deltas = await readChanges(join(folder, 'c.change.jsonl'))
    expect(deltas).toMatchObject([
      { table: 'p', removed: [[1, 'x']], inserted: [] },
      { table: 'q', removed: [], inserted: [[null]] },
    ])
    expect(deltas[1]!.span.line).toBe(2)
  })

  it('is checked line by line', async () => {
    const text =
      '{"table": 1}\nx\n{"table": "p", "insert": []}\n{"table": "p", "removed": [[[1]]]}\n{"table": "p", "removed": [[99999999999999999]]}\n'
    const folder = folderOf({ 'c.change.jsonl': text })
    const found = await findingsOf(folder, readChanges(join(folder, 'c.change.jsonl')))
    expect([...found].sort()).toEqual([
      'bad-change c.change.jsonl:1:1',
      'bad-change c.change.jsonl:3:1',
      'bad-change c.change.jsonl:4:1',
      'bad-json c.change.jsonl:2:1',
      'number-too-large c.change.jsonl:5:29',
    ])
    expect(await findingsOf(folder, readChanges(join(folder, 'no.change.jsonl')))).toEqual([
      'unreadable no.change.jsonl:1:1',
    ])
  })
})

describe('applying changes', () => {
  it('gives a new snapshot and leaves the old one', () => {
    const before = contents(START)
    const after = applyChanges(START, [
      {
        table: 'p',
        removed: [
          [1, 'x'],
          [9, 'z'],
        ],
        inserted: [
          [2, 'y'],
          [3, 'z'],
        ],
      },
      { table: 'p', removed: [[3, 'z']], inserted: [[3, 'z']] },
    ])
    expect(after.get('p')!.rows).toEqual([
      [2, 'y'],
      [3, 'z'],
    ])
    expect(after.get('q')).toBe(START.get('q'))
    expect(contents(START)).toEqual(before)
  })

  it('refuses unknown tables and rows of another arity, all at once', () => {
    expect(() =>
      applyChanges(START, [
        { table: 'pp', removed: [], inserted: [] },
        { table: 'q', removed: [], inserted: [[1, 2]] },
      ]),
    ).toThrow(/no table `pp`.*`\[1,2\]` has 2 values, `q` has 1 column/)
  })
})

it('the deletion of the NFV scenario leaves two servers at 37.5 %', async () => {
  const snapshot = await openFolder('fixtures/nfv-poc').read()
  const after = applyChanges(snapshot, await readChanges('fixtures/nfv-poc/delete-large3.change.jsonl'))
  const low = after.get('ceilometer:average_utilization')!.rows.filter(row => Number(row[2]) < 50)
  expect([...low].sort()).toEqual([
    ['server-a', 'cpu-util', 37.5],
    ['server-b', 'cpu-util', 37.5],
  ])
  const mentions = [...after.values()].flatMap(data => data.rows.filter(row => row.includes('VM.a.large3.2')))
  expect(mentions).toEqual([])
})
