import { spawn } from 'node:child_process'
import type { Program } from '../../src/language/index.ts'
import type { Row, TableData, Value } from '../../src/tables/index.ts'
import { type Answers, derivedTables } from './answers.ts'
import { Outside, toAsp } from './asp.ts'

export interface ClingoQuestion {
  readonly program: Program
  readonly states: readonly (readonly TableData[])[]
}

/** Solve many programs in one run. A program outside the shared fragment has no answer: undefined. */
export async function askClingo(
  path: string,
  questions: readonly ClingoQuestion[],
): Promise<readonly (Answers | undefined)[]> {
  const asked: { q: number; s: number; tables: readonly string[] }[] = []
  const texts: string[] = []
  const inside = questions.map(({ program, states }, q) => {
    try {
      const parts = states.map((state, s) => toAsp(program, state, `p${q}_${s}_`))
      states.forEach((_, s) => void asked.push({ q, s, tables: derivedTables(program) }))
      texts.push(...parts)
      return true
    } catch (error) {
      if (error instanceof Outside) return false
      throw error
    }
  })
  const atoms = await solve(path, texts.join('\n'))
  if (typeof atoms === 'string') {
    if (questions.length === 1) return [{ failed: atoms }]
    const alone: (Answers | undefined)[] = []
    for (const q of questions) alone.push((await askClingo(path, [q]))[0])
    return alone
  }
  const found = questions.map(q => q.states.map(() => new Map<string, Row[]>()))
  for (const { q, s, tables } of asked) for (const table of tables) found[q]![s]!.set(table, [])
  for (const atom of atoms) {
    const [, q, s, name, args] = /^p(\d+)_(\d+)_(\w+)\((.*)\)$/s.exec(atom)!
    found[Number(q)]![Number(s)]!.get(name!.replace('__', ':'))?.push(readRow(args!))
  }
  return inside.map((is, q) => (is ? found[q] : undefined))
}

/** The atoms of the one model, or what clingo said instead. */
function solve(path: string, text: string): Promise<readonly string[] | string> {
  const clingo = spawn(path, ['--outf=2', '--warn=none', '--time-limit=120', '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  clingo.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  clingo.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  clingo.stdin.on('error', () => {})
  clingo.stdin.end(text)
  return new Promise((resolve, reject) => {
    clingo.on('error', reject)
    clingo.on('close', () => {
      try {
        const answer = JSON.parse(Buffer.concat(output).toString()) as {
          Result: string
          Call: { Witnesses?: { Value: string[] }[] }[]
        }
        const model = answer.Call[0]?.Witnesses?.[0]?.Value
        resolve(model ?? `${answer.Result}: ${Buffer.concat(errors).toString().slice(0, 300)}`)
      } catch {
        resolve(Buffer.concat(errors).toString().slice(0, 300))
      }
    })
  })
}

/** `n(1),s("a")` as a row. */
function readRow(args: string): Row {
  const row: Value[] = []
  for (const m of args.matchAll(/n\((-?\d+)\)|s\(("(?:[^"\\]|\\.)*")\)|b\((true|false)\)|(z)/g)) {
    if (m[1] !== undefined) row.push(Number(m[1]))
    else if (m[2] !== undefined) row.push(JSON.parse(m[2]) as string)
    else row.push(m[3] !== undefined ? m[3] === 'true' : null)
  }
  return row
}
