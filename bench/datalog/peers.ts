import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TableData } from '../../src/tables/index.ts'
import type { Cluster } from '../../test/oracles/cluster.ts'
import {
  asp,
  followedAnswerSql,
  followedSql,
  locationIndexSql,
  moveSql,
  prolog,
  souffle,
  sql,
  tablesOf,
  type Workload,
} from './peer-programs.ts'
import { policies } from './workloads.ts'

/** One instance of a workload, as CSV files in a folder. */
export interface Instance {
  readonly workload: Workload
  readonly folder: string
  readonly tables: readonly TableData[]
  /** VM, from, to: for W4. */
  readonly moves: readonly (readonly [vm: string, from: string, to: string])[]
}

export interface Contender {
  readonly name: string
  /** A command, or why there is none. */
  readonly argv: readonly string[] | string
  /** A process that works for the command, and whose costs are its own. */
  readonly server?: number
  /** What its output says: the answer, and for W4 microseconds for a move. */
  readonly read: (output: string) => { readonly answer: string; readonly microseconds?: number }
}

const here = dirname(fileURLToPath(import.meta.url))
export const usherMain = join(here, '../../dist/src/cli/main.js')

/** All that know the workload; those that are not installed, and those that can only evaluate it anew, say so. */
export function contenders(instance: Instance, cluster: Cluster | undefined): Contender[] {
  const { workload, folder, tables, moves } = instance
  const own = tables.filter(data => tablesOf[workload].includes(data.schema.table))
  const file = (name: string, text: string) => {
    const path = join(folder, `.${workload}-${name}`)
    writeFileSync(path, text)
    chmodSync(path, 0o644)
    return path
  }
  const csv = own.map(({ schema }) => [baseName(schema.table), csvPath(folder, schema.table)] as const)
  const node = (script: string, ...args: string[]) => [process.execPath, join(here, script), ...args]
  const list: Contender[] = [
    usher(instance, file),
    { name: 'written by hand', argv: node('floor.mjs', workload, folder), read: lastLine },
  ]

  const trigger = `CREATE TRIGGER moved AFTER UPDATE OF host ON location BEGIN\n  ${moveSql}END;\n`
  const updates = moves.map(([vm, , to]) => `UPDATE location SET host = '${to}' WHERE vm = '${vm}';\n`).join('')
  const index = workload === 'w2' ? 'CREATE INDEX edge_from ON edge ("from");\n' : locationIndexSql
  // The last statement is the question.
  const [, before = '', question = ''] = workload === 'w4' ? [] : /^(CREATE [^;]*;\n)?(.*)$/s.exec(sql[workload])!
  const setup = workload === 'w4' ? followedSql + trigger : index + before
  const job = {
    tables: csv,
    setup,
    answer: workload === 'w4' ? followedAnswerSql : question,
    moves: moves.map(([vm, , to]) => [vm, to]),
  }
  list.push({
    name: 'SQLite (libsql)',
    argv: node('sqlite.mjs', file('libsql.json', JSON.stringify(job))),
    read: lastLine,
  })

  list.push(
    found('SQLite', 'sqlite3', () => {
      const imports = csv.map(([name, path]) => `.import --csv "${path}" ${name}\n`)
      const clock = 'CREATE TEMP TABLE clock AS SELECT julianday() AS day;\n'
      const since = `SELECT (SELECT count(*) FROM together) || ' ' || (SELECT count(*) FROM overloaded) || ' '
  || ((julianday() - day) * 86400e6 / ${moves.length}) FROM clock;\n`
      const work = workload === 'w4' ? setup + clock + updates + since : setup + question
      return ['sqlite3', ':memory:', `.read ${file('sqlite3.sql', imports.join('') + work)}`]
    }),
    postgres(cluster, own, folder, workload, updates, moves.length, file),
  )

  const anew = (
    name: string,
    command: string,
    make: (w: Exclude<Workload, 'w4'>) => readonly string[],
    read = lastLine,
  ): Contender =>
    workload === 'w4'
      ? { name, argv: 'evaluates anew after each move', read }
      : found(name, command, () => make(workload), read)
  list.push(
    anew('DuckDB, 1 thread', 'duckdb', w => {
      const imports = csv.map(([name, path]) => `CREATE TABLE ${name} AS FROM read_csv('${path}');\n`)
      return [
        'duckdb',
        ':memory:',
        `.read ${file('duckdb.sql', `SET threads = 1;\n.mode csv\n${imports.join('')}${sql[w]}`)}`,
      ]
    }),
    anew(
      'Soufflé',
      'souffle',
      w => [
        'souffle',
        file(
          'souffle.dl',
          souffle(w, table => csvPath(folder, table)),
        ),
      ],
      output => ({
        answer: /found\t(\d+)/.exec(output)?.[1] ?? '',
      }),
    ),
    anew(
      'clingo',
      'clingo',
      w => ['clingo', '-V1', file('clingo.lp', own.map(factsOf).join('') + asp[w])],
      output => ({ answer: String(output.split('found(').length - 1) }),
    ),
    anew('SWI-Prolog', 'swipl', w => {
      const program = file('swipl.pl', own.map(factsOf).join('') + prolog[w])
      return ['swipl', '--stack-limit=4g', '-g', 'main', '-t', 'halt', program]
    }),
  )
  return list
}

type MakeFile = (name: string, text: string) => string

/** As users run it; for W4, which no command does, by the compiled library. */
function usher({ workload, folder, moves }: Instance, file: MakeFile): Contender {
  if (workload === 'w4') {
    const round = { policies: [policies.w1, policies.w3], watch: ['w1:error', 'w3:over'], moves }
    writeFileSync(join(folder, '.round.json'), JSON.stringify(round))
    return {
      name: 'Usher',
      argv: [process.execPath, join(here, 'inside-round.mjs'), 'w4', folder],
      read: output => {
        const figures = JSON.parse(output) as Record<string, number>
        return { answer: `${figures['w1:error after']} ${figures['w3:over after']}`, microseconds: figures['mean']! }
      },
    }
  }
  const table = { w1: 'error(h, a, b)', w2: 'unreach(a, b)', w3: 'over(h, s)' }[workload]
  const policy = file('policy.dl', policies[workload])
  const count = `n = count : { ${table} }`
  return {
    name: 'Usher',
    argv: [process.execPath, usherMain, 'eval', policy, '--data', folder, '--query', count],
    read: lastLine,
  }
}

function postgres(
  cluster: Cluster | undefined,
  tables: readonly TableData[],
  folder: string,
  workload: Workload,
  updates: string,
  moves: number,
  file: MakeFile,
): Contender {
  const name = 'PostgreSQL'
  if (!cluster) return { name, argv: 'not found', read: lastLine }
  const loads = tables.map(({ schema, rows }) => {
    const name = baseName(schema.table)
    const columns = schema.columns.map((c, i) => `"${c.name}" ${typeof rows[0]![i] === 'number' ? 'integer' : 'text'}`)
    return `CREATE TABLE ${name} (${columns.join()});\nCOPY ${name} FROM '${csvPath(folder, schema.table)}' (FORMAT csv, HEADER);\nANALYZE ${name};\n`
  })
  const trigger = `CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  ${moveSql}  RETURN NULL;\nEND $$;
CREATE TRIGGER moved AFTER UPDATE OF host ON location FOR EACH ROW EXECUTE FUNCTION move();\n`
  const since = `SELECT (SELECT count(*) FROM together) || ' ' || (SELECT count(*) FROM overloaded) || ' '
  || (extract(epoch FROM clock_timestamp() - started) * 1e6 / ${moves}) FROM clock;\n`
  const clock = 'CREATE TABLE clock AS SELECT clock_timestamp() AS started;\n'
  const work =
    workload === 'w4'
      ? `${followedSql}${trigger}ANALYZE;\nCOMMIT;\n${clock}${updates}${since}`
      : `${workload === 'w2' ? 'CREATE INDEX ON edge ("from");\n' : ''}${sql[workload]}COMMIT;\n`
  // Tables that are filled in the transaction that makes them are not logged.
  const text = `SET client_min_messages = error;\nDROP SCHEMA IF EXISTS bench CASCADE;\nCREATE SCHEMA bench;
SET search_path = bench;\nBEGIN;\n${loads.join('')}${work}DROP SCHEMA bench CASCADE;\n`
  return { name, argv: cluster.psql(file('postgres.sql', text)), server: cluster.pid, read: lastLine }
}

function found(
  name: string,
  command: string,
  make: () => readonly string[],
  read: Contender['read'] = lastLine,
): Contender {
  const isThere = spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
  return { name, argv: isThere ? make() : 'not found', read }
}

/** An answer of one number or of two, and microseconds behind two. */
function lastLine(output: string): { readonly answer: string; readonly microseconds?: number } {
  const [first = '', second, third] = (output.trim().split('\n').at(-1) ?? '').trim().split(' ')
  return {
    answer: second === undefined ? first : `${first} ${second}`,
    ...(third !== undefined && { microseconds: Number(third) }),
  }
}

function baseName(table: string): string {
  return table.slice(table.indexOf(':') + 1)
}

export function csvPath(folder: string, table: string): string {
  return `${join(folder, ...table.split(':'))}.csv`
}

/** Facts as clingo and Prolog read them. */
function factsOf({ schema, rows }: TableData): string {
  return `${rows.map(row => `${baseName(schema.table)}(${row.join()}).`).join('\n')}\n`
}
