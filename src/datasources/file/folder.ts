import { type Dirent, readFileSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Diagnostic, DiagnosticError, fail, type Span } from '../../diagnostic/index.ts'
import { type EncodedRows, encodedTable, Interner, type Snapshot, type TableData } from '../../tables/index.ts'
import { CLOUD_TABLES, checkCloud } from '../check-cloud.ts'
import type { DataSource } from '../types.ts'
import { ByteReader } from './byte-reader.ts'
import { readCsv } from './csv.ts'
import { readCsvColumns } from './csv-columns.ts'
import { arrange, type FileTable, type TableSpec } from './file-table.ts'
import { type FolderSchema, noSchema } from './folder-schema.ts'
import { readJsonLines } from './json-lines.ts'
import { Findings, SourceText } from './source-text.ts'

export interface FolderOptions {
  /** The clock behind `readAt`. Default: the system's. */
  readonly clock?: () => Date
}

/** A folder of tables. Every `read` reads it anew and reports everything that is wrong with it in one `DiagnosticError`. */
export interface FolderSource extends DataSource {
  /** What the last reading found that does not stop it: files that are not tables, no `nova:location`. */
  readonly warnings: readonly Diagnostic[]
}

type Format = 'csv' | 'jsonl' | 'yaml'

type Reader = (source: SourceText, spec: TableSpec, findings: Findings) => FileTable | undefined

/** YAML loads when there is some: its parser takes longer to load than most folders take to read. */
const READERS: Readonly<Record<Format, () => Reader | Promise<Reader>>> = {
  csv: () => readCsv,
  jsonl: () => readJsonLines,
  yaml: async () => (await import('./yaml.ts')).readYaml,
}
const FORMATS: Readonly<Record<string, Format>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  yaml: 'yaml',
  yml: 'yaml',
}
/** Files that live beside tables without being one. Anything else that is not a table is warned of. */
const BESIDE = /^(?:\.|README(?:\.|$)|LICENSE(?:\.|$))|\.change\.jsonl$|\.dl$/i
const MODULE = /^[\p{L}_][\p{L}\p{N}_]*$/u
const NAME = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u

/**
 * A folder as a data source: `nova/servers.csv` is the table `nova:servers`, `type1_server.csv` is `type1_server`.
 * Throws a `DiagnosticError` at once when there is no such folder.
 */
export function openFolder(path: string, options: FolderOptions = {}): FolderSource {
  requireFolder(path)
  let warnings: readonly Diagnostic[] = []
  const read = async (): Promise<Snapshot> => {
    const findings = new Findings()
    const snapshot = await readFolder(path, options.clock ?? (() => new Date()), findings)
    const found = findings.list()
    if (findings.errors > 0) throw new DiagnosticError(found)
    warnings = found
    return snapshot
  }
  return {
    name: 'file',
    get warnings() {
      return warnings
    },
    read,
    schemas: async () => [...(await read()).values()].map(data => data.schema),
  }
}

function requireFolder(path: string): void {
  let folder = false
  try {
    folder = statSync(path).isDirectory()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') {
      fail('data/unreadable', `the folder \`${path}\` can't be opened: ${reason(error)}`, {
        help: 'check its permissions',
      })
    }
    fail('data/no-folder', `there is no folder \`${path}\``, { help: 'check the path given as `--data`' })
  }
  if (!folder) {
    fail('data/no-folder', `\`${path}\` is a file, not a folder of tables`, { help: 'give the folder that holds it' })
  }
}

interface TableFile {
  readonly table: string
  readonly path: string
  readonly format: Format
}

async function readFolder(path: string, clock: () => Date, findings: Findings): Promise<Snapshot> {
  const readAt = clock().toISOString()
  const schema = await loadSchema(path, findings)
  const files = await listTables(path, schema ?? noSchema, findings)
  const tables = new Map<string, { data: TableData; place: (row: number) => Span }>()
  const firstFile = new Map<string, string>()
  const failed = new Set<string>()
  const broken = new Set<string>()
  const interner = new Interner()
  const reader = new ByteReader()
  for (const file of files) {
    const other = firstFile.get(file.table)
    if (other !== undefined) {
      findings.error('data/table-twice', `the table \`${file.table}\` is given twice`, opening(file.path), {
        help: 'keep one of the two files',
        notes: [{ message: 'the other file is here', span: opening(other) }],
      })
      continue
    }
    firstFile.set(file.table, file.path)
    const before = findings.errors
    const table =
      (await readColumns(file, schema ?? noSchema, interner, reader)) ??
      (await readTable(file, schema ?? noSchema, findings))
    if (findings.errors > before) broken.add(file.table)
    if (!table) {
      failed.add(file.table)
      continue
    }
    const columns = (schema ?? noSchema).columns(file.table, table.columns)
    const provenance = { source: 'file', place: file.path, readAt }
    const data: TableData =
      'encoded' in table
        ? encodedTable(columns, provenance, table.encoded)
        : { schema: columns, rows: table.rows, provenance }
    tables.set(file.table, { data, place: table.place })
  }
  if (schema) {
    const found = new Map([...tables].map(([name, { data }]) => [name, data.schema.columns.map(c => c.name)]))
    for (const table of schema.settle(found, failed, findings)) {
      const place = join(path, 'schema.yaml')
      const data: TableData = {
        schema: schema.columns(table, schema.spec(table).columns ?? []),
        rows: [],
        provenance: { source: 'file', place, readAt },
      }
      tables.set(table, { data, place: () => opening(place) })
    }
  }
  const snapshot = new Map([...tables].map(([name, { data }]): [string, TableData] => [name, data]))
  // Tables that are wrong in themselves would make the cloud look wrong for no reason of its own.
  const sound = !CLOUD_TABLES.some(table => broken.has(table)) && (snapshot.size > 0 || findings.errors === 0)
  if (sound) {
    for (const found of checkCloud(snapshot, (table, row) => tables.get(table)?.place(row))) {
      if (found.severity !== 'error' && findings.errors > 0) continue
      findings.add(snapshot.size === 0 ? { ...found, message: `the folder \`${path}\` holds no tables` } : found)
    }
  }
  return snapshot
}

async function loadSchema(path: string, findings: Findings): Promise<FolderSchema | undefined> {
  const file = join(path, 'schema.yaml')
  const source = await readText(file, findings, { optional: true })
  if (!source) return noSchema
  const { readSchemaFile } = await import('./schema-file.ts')
  return readSchemaFile(source, findings)
}

/** Every table file of the folder, in the order of their paths, so that reports repeat. */
async function listTables(path: string, schema: FolderSchema, findings: Findings): Promise<TableFile[]> {
  const files: TableFile[] = []
  const visit = async (folder: string, module: string | undefined) => {
    for (const entry of await entries(folder, findings)) {
      const full = join(folder, entry.name)
      const inside = module === undefined ? entry.name : `${module}/${entry.name}`
      if (entry.name.startsWith('.') || schema.ignore.has(inside)) continue
      if (await isFolder(entry, full)) {
        if (module !== undefined) {
          findings.error('data/folder-too-deep', `the folder \`${inside}\` is too deep`, opening(full), {
            help: `a table is \`TABLE.csv\` or \`MODULE/TABLE.csv\`; write a dotted name as \`${module}/${entry.name}.TABLE.csv\``,
          })
        } else if (checkName(entry.name, full, findings, MODULE)) await visit(full, entry.name)
        continue
      }
      if (BESIDE.test(entry.name) || inside === 'schema.yaml') continue
      const dot = entry.name.lastIndexOf('.')
      const format = dot < 0 ? undefined : FORMATS[entry.name.slice(dot + 1).toLowerCase()]
      if (!format) {
        findings.add({
          code: 'data/not-read',
          severity: 'warning',
          message: `\`${inside}\` is not read: its ending is not that of a table`,
          span: opening(full),
          help: 'tables end in .csv, .jsonl or .yaml; name the file under `ignore` in schema.yaml to silence this',
        })
        continue
      }
      const name = entry.name.slice(0, dot)
      if (checkName(name, full, findings)) {
        files.push({ table: module === undefined ? name : `${module}:${name}`, path: full, format })
      }
    }
  }
  await visit(path, undefined)
  return files
}

async function entries(folder: string, findings: Findings): Promise<Dirent[]> {
  try {
    const list = await readdir(folder, { withFileTypes: true })
    return list.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  } catch (error) {
    findings.error('data/unreadable', `the folder \`${folder}\` can't be read: ${reason(error)}`, opening(folder), {
      help: 'check its permissions',
    })
    return []
  }
}

async function isFolder(entry: Dirent, full: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return statSync(full, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function checkName(name: string, path: string, findings: Findings, form = NAME): boolean {
  if (form.test(name)) return true
  const mended = name
    .replace(form === MODULE ? /[^\p{L}\p{N}_]+/gu : /[^\p{L}\p{N}_.]+/gu, '_')
    .replace(/^(?=\p{N})/u, '_')
  findings.error(
    'data/bad-name',
    `\`${name}\` can't be the name of a ${form === MODULE ? 'module' : 'table'}`,
    opening(path),
    {
      help: `use letters, digits and \`_\`: rename it to \`${mended}\``,
    },
  )
  return false
}

/** A table as its file has it, as columns of ids. */
type ColumnTable = Pick<FileTable, 'columns' | 'place'> & { readonly encoded: EncodedRows }

/** The quick way to read a table. Undefined where the thorough one is called for, which also finds what is wrong. */
async function readColumns(
  file: TableFile,
  schema: FolderSchema,
  interner: Interner,
  reader: ByteReader,
): Promise<ColumnTable | undefined> {
  if (file.format !== 'csv') return undefined
  const bytes = await reader.read(file.path)
  const spec = schema.spec(file.table)
  const read = bytes && readCsvColumns(bytes, file.path, spec, interner)
  if (!read) return undefined
  const { names, encoded } = read
  const wanted = spec.columns ?? names
  return {
    columns: wanted,
    encoded: { ...encoded, columns: wanted.map(name => encoded.columns[names.indexOf(name)]!) },
    place: row => placeInCsv(file.path, row, spec),
  }
}

/** Where a row stands in a file that was read by columns: found out when there is something to say of it. */
function placeInCsv(path: string, row: number, spec: TableSpec): Span {
  try {
    const source = new SourceText(path, readFileSync(path, 'utf8'))
    return readCsv(source, spec, new Findings())?.place(row) ?? opening(path)
  } catch {
    return opening(path)
  }
}

async function readTable(file: TableFile, schema: FolderSchema, findings: Findings): Promise<FileTable | undefined> {
  const source = await readText(file.path, findings)
  if (!source) return undefined
  const spec = schema.spec(file.table)
  const table = (await READERS[file.format]())(source, spec, findings)
  return table && arrange(table, spec)
}

/** A file's text, or undefined with a finding: unreadable, or not UTF-8. */
export async function readText(
  path: string,
  findings: Findings,
  { optional = false } = {},
): Promise<SourceText | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if (optional && error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    findings.error('data/unreadable', `\`${path}\` can't be read: ${reason(error)}`, opening(path), {
      help: 'check that the file is there and its permissions',
    })
    return undefined
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return new SourceText(path, text)
  } catch {
    findings.error('data/not-utf8', `\`${path}\` is not UTF-8 text`, opening(path), {
      help: 'save the file in UTF-8',
    })
    return undefined
  }
}

function opening(path: string): Span {
  return { file: path, start: 0, end: 0, line: 1, column: 1 }
}

/** An operating system's error in its own short words, without the path that Node repeats. */
function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const words: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'it is a folder',
    ENOENT: 'it is not there',
    EMFILE: 'too many files are open',
    EIO: 'the disk reports an error',
  }
  return words[code] ?? (code || String(error))
}
