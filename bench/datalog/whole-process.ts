/**
 * W1 and W3 from CSV files to the printed answer, as whole processes: the compiled `usher violations` beside whatever peers this machine
 * has, in turns, so that all meet the same machine.
 *   npm run prepare && npx tsx bench/datalog/whole-process.ts [VMS HOSTS [ROUNDS]]      default 1000000 30000 3
 * For each it prints the least CPU seconds (user + system) of its rounds, the peak of memory, and its CPU as a ratio of Usher's. Exits
 * with 1 when an answer is wrong. Wants Linux: memory is read from /proc.
 *
 * Usher reads the whole folder, tables that the policy does not use included, and prints the violations; peers load what their query
 * needs and count. Peers that do not read CSV get their files made ready, which is not counted.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TableData } from '../../src/tables/index.ts'
import { type Cloud, cloud } from './workloads.ts'

type Workload = 'w1' | 'w3'

interface Contender {
  readonly name: string
  readonly argv: readonly string[]
  /** The number of rows that its output tells of. */
  readonly rows: (output: string) => number
}

interface Run {
  readonly cpu: number
  readonly megabytes: number
  readonly rows: number
}

const here = dirname(fileURLToPath(import.meta.url))
const usher = join(here, '../../dist/src/cli/main.js')

const policies: Readonly<Record<Workload, string>> = {
  w1: 'policy w1\nerror(h, a, b) :- same_ha_group(a, b), nova:location(a, h), nova:location(b, h).\n',
  w3: 'policy w3\nerror(h, s) :- host_capacity(h, c), s = sum x : { nova:location(v, h), vm_cpu(v, x) }, s > c.\n',
}

const sql: Readonly<Record<Workload, string>> = {
  w1: 'SELECT count(*) FROM same_ha_group p JOIN location a ON a.vm = p.vm1 JOIN location b ON b.vm = p.vm2 AND b.host = a.host;',
  w3: `SELECT count(*) FROM host_capacity c JOIN (SELECT host, sum(cpu) AS load FROM location JOIN vm_cpu USING (vm) GROUP BY host) l
    ON l.host = c.host WHERE load > CAST(c.cpu AS INTEGER);`,
}

const asp: Readonly<Record<Workload, string>> = {
  w1: 'found(H, A, B) :- same_ha_group(A, B), location(A, H), location(B, H).\n#show found/3.\n',
  w3: 'found(H, S) :- host_capacity(H, C), S = #sum { X, V : location(V, H), vm_cpu(V, X) }, S > C.\n#show found/2.\n',
}

const prolog: Readonly<Record<Workload, string>> = {
  w1: 'main :- aggregate_all(count, (same_ha_group(A, B), location(A, H), location(B, H)), N), writeln(N).\n',
  w3: `main :- forall((location(V, H), vm_cpu(V, X)), (nb_current(H, S) -> T is S + X, nb_setval(H, T) ; nb_setval(H, X))),
  aggregate_all(count, (host_capacity(H, C), nb_current(H, S), S > C), N), writeln(N).\n`,
}

const needed: Readonly<Record<Workload, readonly string[]>> = {
  w1: ['nova:location', 'same_ha_group'],
  w3: ['nova:location', 'vm_cpu', 'host_capacity'],
}

async function main(): Promise<void> {
  const [vms = 1_000_000, hosts = 30_000, rounds = 3] = process.argv.slice(2).map(Number)
  if (!existsSync(usher)) {
    console.error('there is no dist/: run `npm run prepare` first')
    process.exitCode = 2
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'usher-bench-'))
  try {
    const instance = cloud(vms, hosts)
    for (const data of instance.tables) writeCsv(folder, data)
    for (const workload of ['w1', 'w3'] as const) {
      const right = workload === 'w1' ? instance.together : instance.over
      await compare(workload, right, contenders(workload, folder, instance), rounds)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function compare(workload: Workload, right: number, list: readonly Contender[], rounds: number): Promise<void> {
  const best = new Map<string, Run>()
  for (let round = 0; round < rounds; round++) {
    for (const contender of list) {
      const run = await measure(contender)
      const before = best.get(contender.name)
      if (!before || run.cpu < before.cpu) best.set(contender.name, run)
    }
  }
  const own = best.get('usher')!
  for (const [name, { cpu, megabytes, rows }] of best) {
    const wrong = rows === right ? '' : `  WRONG: ${rows} rows instead of ${right}`
    if (wrong !== '') process.exitCode = 1
    const ratio = (cpu / own.cpu).toFixed(2)
    console.log(`${workload}  ${name.padEnd(16)} ${cpu.toFixed(2)} CPU s  ${megabytes} MB  ${ratio} of usher${wrong}`)
  }
}

function contenders(workload: Workload, folder: string, { tables }: Cloud): Contender[] {
  const own = tables.filter(data => needed[workload].includes(data.schema.table))
  const file = (name: string, text: string) => {
    const path = join(folder, `.${workload}-${name}`)
    writeFileSync(path, text)
    return path
  }
  const policy = file('policy.dl', policies[workload])
  const counted = (output: string) => Number(output.trim().split('\n').at(-1))
  const list: Contender[] = [
    {
      name: 'usher',
      argv: [process.execPath, usher, 'violations', policy, '--data', folder],
      rows: output => output.split('\n').filter(line => line.startsWith('error')).length,
    },
    { name: 'floor by hand', argv: [process.execPath, join(here, 'floor.mjs'), workload, folder], rows: counted },
    { name: 'sqlite (libsql)', argv: [process.execPath, join(here, 'sqlite.mjs'), workload, folder], rows: counted },
  ]
  const csv = own.map(({ schema }) => [baseName(schema.table), csvPath(folder, schema.table)] as const)
  if (has('sqlite3')) {
    const imports = csv.map(([name, path]) => `.import --csv "${path}" ${name}\n`)
    const index = 'CREATE INDEX at ON location (vm, host);\n'
    const script = file('sqlite3', [...imports, index, sql[workload], '\n'].join(''))
    list.push({ name: 'sqlite3', argv: ['sqlite3', ':memory:', `.read ${script}`], rows: counted })
  }
  if (has('duckdb')) {
    const views = csv.map(([name, path]) => `CREATE TABLE ${name} AS FROM read_csv('${path}');\n`)
    const script = file('duckdb', ['SET threads = 1;\n.mode csv\n', ...views, sql[workload], '\n'].join(''))
    list.push({ name: 'duckdb', argv: ['duckdb', ':memory:', `.read ${script}`], rows: counted })
  }
  if (has('clingo') || has('swipl')) {
    const facts = own.map(factsOf).join('')
    if (has('clingo')) {
      const program = file('clingo.lp', facts + asp[workload])
      list.push({ name: 'clingo', argv: ['clingo', '-V1', program], rows: output => output.split('found(').length - 1 })
    }
    if (has('swipl')) {
      const program = file('swipl.pl', facts + prolog[workload])
      list.push({ name: 'swipl', argv: ['swipl', '-g', 'main', '-t', 'halt', program], rows: counted })
    }
  }
  return list
}

function has(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}

function baseName(table: string): string {
  return table.slice(table.indexOf(':') + 1)
}

function csvPath(folder: string, table: string): string {
  return `${join(folder, ...table.split(':'))}.csv`
}

function writeCsv(folder: string, { schema, rows }: TableData): void {
  const path = csvPath(folder, schema.table)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${schema.columns.map(c => c.name).join()}\n${rows.map(row => row.join()).join('\n')}\n`)
}

/** Facts as clingo and Prolog read them. */
function factsOf({ schema, rows }: TableData): string {
  return `${rows.map(row => `${baseName(schema.table)}(${row.join()}).`).join('\n')}\n`
}

/** Without the certificates that some machines make each Node process read at its start, 0.03 s of CPU that nobody here asks for. */
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env

/** Run a command under a shell that says what its children cost; the peak of memory is read while it runs. */
async function measure({ argv, rows }: Contender): Promise<Run> {
  const shell = spawn('sh', ['-c', '"$@"; times >&2', 'sh', ...argv], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let output = ''
  let errors = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOfChild(shell.pid!))
  }, 20)
  await new Promise(done => shell.on('close', done))
  clearInterval(watch)
  const seconds = [...(errors.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpu = seconds.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0)
  return { cpu, megabytes: Math.round(peak / 1000), rows: rows(output) }
}

/** KiB of memory that the first child of a process has had at most; 0 when there is none any more. */
function peakOfChild(pid: number): number {
  try {
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

await main()
