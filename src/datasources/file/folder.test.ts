import { chmodSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DiagnosticError, loadCodeDocs, renderDiagnostics } from '../../diagnostic/index.ts'
import { findingsOf, folderOf, removeFolders } from '../testing/folders.ts'
import { nfvPocFiles } from '../testing/nfv-poc.ts'
import { openFolder } from './folder.ts'

const codeDocs = await loadCodeDocs()

afterEach(removeFolders)

type Files = Readonly<Record<string, string | Buffer>>

async function rowsOf(files: Files, table: string) {
  return (await openFolder(folderOf(files)).read()).get(table)?.rows
}

async function findings(files: Files): Promise<string[]> {
  const folder = folderOf(files)
  return findingsOf(folder, openFolder(folder).read())
}

const typed = (columns: string, table = 't') => `tables:\n  ${table}:\n    columns: ${columns}\n`

describe('a folder', () => {
  it('gives each file as a table', async () => {
    const folder = folderOf({
      'nova/servers.csv': 'id\na\n',
      'nova/servers.addresses.jsonl': '{"server_id": "a", "version": 4}\n',
      'type1_server.yaml': '- [a]\n',
      'README.md': 'x',
      '.hidden.csv': 'x',
      'p.dl': 'x',
      'd.change.jsonl': 'x',
    })
    const source = openFolder(folder, { clock: () => new Date(0) })
    const snapshot = await source.read()
    expect([...snapshot.keys()].sort()).toEqual(['nova:servers', 'nova:servers.addresses', 'type1_server'])
    expect(snapshot.get('nova:servers')).toEqual({
      schema: { table: 'nova:servers', columns: [{ name: 'id' }] },
      rows: [['a']],
      provenance: { source: 'file', place: join(folder, 'nova/servers.csv'), readAt: '1970-01-01T00:00:00.000Z' },
    })
    expect((await source.schemas()).map(schema => schema.columns.map(c => c.name)).sort()).toEqual([
      ['c1'],
      ['id'],
      ['server_id', 'version'],
    ])
    expect(source.warnings.map(w => w.code)).toEqual(['data/no-location'])
  })

  it('warns of files that are no tables, unless schema.yaml says to ignore them', async () => {
    const files = { 'a.csv': 'x\n1\n', 'b.txt': '', 'nova/c.txt': '', 'nova/d.yaml': 'no: table' }
    const source = openFolder(folderOf({ ...files, 'schema.yaml': 'ignore: [b.txt, nova/d.yaml]' }))
    await source.read()
    expect(source.warnings.map(w => w.message)).toContain('`nova/c.txt` is not read: its ending is not that of a table')
    expect(source.warnings.filter(w => w.code === 'data/not-read')).toHaveLength(1)
  })

  it('must be there', async () => {
    const folder = folderOf({ 'a.csv': 'x\n' })
    expect(() => openFolder(join(folder, 'no'))).toThrow(/there is no folder/)
    expect(() => openFolder(join(folder, 'a.csv'))).toThrow(/is a file, not a folder/)
    expect(() => openFolder(join(folder, 'a.csv/b'))).toThrow(/there is no folder/)
  })

  it('reports names and places that make no table, all at once', async () => {
    const folder = folderOf({ 'a/b/c.csv': '', 'my-table.csv': 'x', 'x-y/t.csv': 'x', 't.csv': 'a\n', 't.yaml': '[]' })
    symlinkSync(join(folder, 'gone'), join(folder, 'u.csv'))
    expect(await findingsOf(folder, openFolder(folder).read())).toEqual([
      'folder-too-deep a/b:1:1',
      'bad-name my-table.csv:1:1',
      'table-twice t.yaml:1:1',
      'unreadable u.csv:1:1',
      'bad-name x-y:1:1',
    ])
  })

  it.skipIf(process.getuid?.() === 0)('reports a file without permission', async () => {
    const folder = folderOf({ 'a.csv': 'x\n' })
    chmodSync(join(folder, 'a.csv'), 0)
    expect(await findingsOf(folder, openFolder(folder).read())).toEqual(['unreadable a.csv:1:1'])
  })

  it('reports an empty cloud', async () => {
    expect(await findings({})).toEqual(['empty-cloud'])
    expect(await findings({ 'nova/location.csv': 'vm,host\n' })).toEqual(['empty-cloud'])
  })

  it('reports a VM on two hosts and a host that does not exist', async () => {
    expect(
      await findings({
        'nova/location.csv': 'vm,host\nv1,h1\nv2,h3\nv1,h2\nv3,\n',
        'nova/hypervisors.csv': 'hypervisor_hostname,id,state,status\nh1,1,up,enabled\nh2,2,up,enabled\n',
        'other.csv': 'a\n1,2\n',
      }),
    ).toEqual([
      'unknown-host nova/location.csv:3:1',
      'vm-on-two-hosts nova/location.csv:4:1',
      'no-host nova/location.csv:5:1',
      'ragged-row other.csv:2:1',
    ])
  })

  it('shows the place with carets', async () => {
    const folder = folderOf({ 'nova/location.csv': 'vm,host\nv1,h1\nv1,h2\n' })
    const error = await openFolder(folder)
      .read()
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DiagnosticError)
    const file = join(folder, 'nova/location.csv')
    const text = renderDiagnostics(
      (error as DiagnosticError).diagnostics,
      new Map([[file, readFileSync(file, 'utf8')]]),
    )
    expect(text.replaceAll(folder, 'DATA')).toBe(
      `error: the VM \`v1\` is on two hosts, \`h1\` and \`h2\` [data/vm-on-two-hosts]
  --> DATA/nova/location.csv:3:1
  |
3 | v1,h2
  | ^^^^^
  note: the first row is \`v1, h1\`
  --> DATA/nova/location.csv:2:1
  |
2 | v1,h1
  | ^^^^^
  note: the second row is \`v1, h2\`
  --> DATA/nova/location.csv:3:1
  |
3 | v1,h2
  | ^^^^^
  help: leave one of the two rows in \`nova:location\``,
    )
  })
})

describe('CSV', () => {
  it('types what is written in canonical form', async () => {
    const text =
      'v\n1\n-2.50\n0\n-0\n007\n+1\n1e3\n.5\n12e34\ntrue\nfalse\nTrue\nnull\n"1"\n"true"\n""\nx y\n9007199254740992\n'
    expect((await rowsOf({ 't.csv': text }, 't'))?.flat()).toEqual([
      1,
      -2.5,
      0,
      0,
      '007',
      '+1',
      '1e3',
      '.5',
      '12e34',
      true,
      false,
      'True',
      'null',
      '1',
      'true',
      '',
      'x y',
      2 ** 53,
    ])
  })

  it('takes empty as null, spaces, CRLF, a BOM, quotes and line breaks as people write them', async () => {
    const text = '\ufeffa, b ,c\r\n1,,""\r\n\r\n "x, ""y"" " , z ,"1\n2"\r\n,,'
    expect(await rowsOf({ 't.csv': text }, 't')).toEqual([
      [1, null, ''],
      ['x, "y" ', 'z', '1\n2'],
      [null, null, null],
    ])
  })

  it('lets the types of schema.yaml rule', async () => {
    const files = {
      'schema.yaml': typed('{ s: string, n: { type: number, unit: GiB }, b: boolean }'),
      't.csv': 's,n,b\n007,"1e3",true\n99999999999999999,+1,\n',
    }
    const data = (await openFolder(folderOf(files)).read()).get('t')!
    expect(data.rows).toEqual([
      ['007', 1000, true],
      ['99999999999999999', 1, null],
    ])
    expect(data.schema.columns).toEqual([
      { name: 's', type: 'string' },
      { name: 'n', type: 'number', unit: 'GiB' },
      { name: 'b', type: 'boolean' },
    ])
  })

  it('puts columns in the order of schema.yaml, which may also make an empty table', async () => {
    const files = {
      'schema.yaml': `${typed('[a, { name: b, type: string }]')}  nova:none:\n    columns: [x]\n`,
      't.csv': 'b,a\n1,2\n',
    }
    const snapshot = await openFolder(folderOf(files)).read()
    expect(snapshot.get('t')!.rows).toEqual([[2, '1']])
    expect(snapshot.get('t')!.schema.columns.map(c => c.name)).toEqual(['a', 'b'])
    expect(snapshot.get('nova:none')!.rows).toEqual([])
  })

  it('reports every cell and row that is wrong', async () => {
    expect(
      await findings({
        'schema.yaml': typed('{ n: number, b: boolean }'),
        't.csv': 'é,n,b\nü,x,1\nü,NaN,true\n1\n9007199254740993,1,true,4\n"é\né",inf,false\n',
      }),
    ).toEqual([
      'wrong-type t.csv:2:3',
      'wrong-type t.csv:2:5',
      'not-finite t.csv:3:3',
      'ragged-row t.csv:4:1',
      'ragged-row t.csv:5:1',
      'number-too-large t.csv:5:1',
      'not-finite t.csv:7:4',
    ])
  })

  it('reports headers and quotes that are wrong', async () => {
    expect(
      await findings({
        'a.csv': '',
        'b.csv': 'x,,x\n',
        'c.csv': 'x,y\n1,"2\n3,4\n',
        'd.csv': 'x,y\n1,2\n"3"4,5\n',
        'e.csv': 'x\n1"2"\n',
        'f.csv': Buffer.from([0x78, 0x0a, 0xff, 0xfe]),
        'g.csv': 'hots,c\n',
        'schema.yaml': typed('[host, c]', 'g'),
      }),
    ).toEqual([
      'empty-file a.csv:1:1',
      'unnamed-column b.csv:1:3',
      'duplicate-column b.csv:1:4',
      'csv-quote c.csv:2:3',
      'csv-quote d.csv:3:1',
      'csv-quote e.csv:2:1',
      'not-utf8 f.csv:1:1',
      'unknown-column g.csv:1:1',
    ])
    expect(await findings({ 'g.csv': 'c\n', 'schema.yaml': typed('[host, c]', 'g') })).toEqual([
      'missing-column g.csv:1:1',
    ])
  })

  it('shows twenty findings of a file and counts the others', async () => {
    const found = await findings({ 't.csv': `a,b\n${'1\n'.repeat(50)}` })
    expect(found.filter(line => line.startsWith('ragged-row'))).toHaveLength(20)
    expect(found.at(-1)).toBe('more-errors')
  })
})

describe('JSON lines', () => {
  it('take objects by name and lists by position', async () => {
    const files = {
      'o.jsonl': '{"a": 1, "b": "007"}\n\n{"c": null, "b": true}\r\n',
      'l.ndjson': '[1, "x"]\n[-0, null]',
    }
    expect(await rowsOf(files, 'o')).toEqual([
      [1, '007', null],
      [null, true, null],
    ])
    expect(await rowsOf(files, 'l')).toEqual([
      [1, 'x'],
      [0, null],
    ])
  })

  it('report what is no row, no value or no number', async () => {
    expect(
      await findings({
        'a.jsonl':
          '{"a": 1}\n{"a":\n{"a" 1}\n{"a": [1]}\n[1]\n3\n{"s": "99999999999999999", "a": 99999999999999999}\n{"a": 1e999}\n',
        'b.jsonl': '',
        'c.jsonl': '[1, 2]\n[1]\n',
        'd.jsonl': '{"n": "1"}\n{"m": 1}\n',
        'schema.yaml': typed('[{ name: n, type: number }]', 'd'),
      }),
    ).toEqual([
      'bad-json a.jsonl:2:5',
      'bad-json a.jsonl:3:6',
      'nested-value a.jsonl:4:1',
      'mixed-rows a.jsonl:5:1',
      'not-a-row a.jsonl:6:1',
      'number-too-large a.jsonl:7:33',
      'not-finite a.jsonl:8:1',
      'empty-file b.jsonl:1:1',
      'ragged-row c.jsonl:2:1',
      'wrong-type d.jsonl:1:1',
      'unknown-column d.jsonl:2:1',
    ])
  })
})

describe('YAML', () => {
  it('takes objects and lists, anchors too', async () => {
    const files = {
      'o.yaml': '- &x {a: 1, b: x}\n- {b: "2", c: true}\n- *x\n',
      'l.yml': '- [1, ~]\n- [1.5, "007"]\n',
      's.yaml': '- {id: 007}\n- {id: 99999999999999999}\n- {id: ~}\n',
      'schema.yaml': typed('{ id: string }', 's'),
    }
    expect(await rowsOf(files, 'o')).toEqual([
      [1, 'x', null],
      [null, '2', true],
      [1, 'x', null],
    ])
    expect(await rowsOf(files, 'l')).toEqual([
      [1, null],
      [1.5, '007'],
    ])
    expect(await rowsOf(files, 's')).toEqual([['007'], ['99999999999999999'], [null]])
  })

  it('reports what is no table, no row or no value', async () => {
    expect(
      await findings({
        'a.yaml': 'a: 1\n',
        'b.yaml': '- {a: .nan}\n- {a: 99999999999999999, b: [1]}\n- 3\n',
        'c.yaml': '- {a: 1\n- b\n',
        'd.yaml': '',
      }),
    ).toEqual(
      expect.arrayContaining([
        'not-a-table a.yaml:1:1',
        'not-finite b.yaml:1:7',
        'number-too-large b.yaml:2:7',
        'nested-value b.yaml:2:29',
        'not-a-row b.yaml:3:3',
        'empty-file d.yaml:1:1',
      ]),
    )
    expect((await findings({ 'c.yaml': '- {a: 1\n- b\n' }))[0]).toMatch(/^bad-yaml c\.yaml:/)
  })
})

describe('schema.yaml', () => {
  it('is checked like everything else', async () => {
    expect(await findings({ 'schema.yaml': typed('{ a: strng }'), 't.csv': 'a\n' })).toEqual([
      'bad-schema schema.yaml:3:19',
    ])
    expect(await findings({ 'schema.yaml': 'table: {}\n', 't.csv': 'a\n' })).toEqual(['bad-schema schema.yaml:1:1'])
    expect(await findings({ 'schema.yaml': 'a: [\n', 't.csv': 'a\n' })).toEqual(['bad-yaml schema.yaml:2:1'])
    expect(await findings({ 'schema.yaml': typed('{ b: string }'), 't.csv': 'a\n' })).toEqual([
      'unknown-column schema.yaml:3:19',
    ])
    expect(await findings({ 'schema.yaml': typed('{ b: string }', 's'), 't.csv': 'a\n' })).toEqual([
      'unknown-table schema.yaml:3:14',
    ])
  })
})

describe('the NFV fixture', () => {
  it('is what its generator writes', () => {
    for (const [path, text] of nfvPocFiles()) expect(readFileSync(`fixtures/nfv-poc/${path}`, 'utf8'), path).toBe(text)
  })

  it('is read without a finding', async () => {
    const source = openFolder('fixtures/nfv-poc')
    const snapshot = await source.read()
    expect(source.warnings).toEqual([])
    expect(snapshot.get('nova:location')!.rows).toHaveLength(53 * 4 + 6)
    expect(snapshot.get('type1_server')!.rows).toHaveLength(55)
    const below = snapshot.get('ceilometer:average_utilization')!.rows.filter(row => row[2] !== 100)
    expect(below).toEqual([
      ['server-a', 'cpu-util', 62.5],
      ['server-b', 'cpu-util', 37.5],
    ])
  })
})

it('has an entry for each code of this room', () => {
  const sources = [
    'changes.ts',
    'check-cloud.ts',
    ...['cell', 'csv', 'folder', 'json-lines', 'records', 'schema-file', 'source-text', 'yaml'].map(
      n => `file/${n}.ts`,
    ),
    ...['journal', 'read-cloud', 'simulator'].map(n => `simulator/${n}.ts`),
  ]
  const used = sources.flatMap(
    file => readFileSync(`src/datasources/${file}`, 'utf8').match(/'data\/[a-z-0-9]+'/g) ?? [],
  )
  expect([...new Set(used)].filter(code => !(code.slice(1, -1) in codeDocs))).toEqual([])
})
