import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Io, Sink } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'

/** The repository's top folder. */
export const top = join(import.meta.dirname, '..', '..')
/** The NFV cloud, and its change that deletes a VM. */
export const cloud = join(top, 'fixtures/nfv-poc')
export const deletion = join(cloud, 'delete-large3.change.jsonl')

/** The path of a policy of policies/nfv-poc. */
export function policy(name: string): string {
  return join(top, 'policies/nfv-poc', `${name}.dl`)
}

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
  /** Standard output as JSON. */
  json(): unknown
}

/** Run the command line in this process, with streams that are no terminal unless told. */
export async function usher(
  argv: readonly string[],
  more: { terminal?: boolean; env?: Io['env']; input?: string } = {},
): Promise<Outcome> {
  const out: string[] = []
  const err: string[] = []
  const sink = (parts: string[]): Sink => ({
    write: text => void parts.push(text),
    isTerminal: more.terminal ?? false,
    columns: 100,
  })
  const code = await run(argv, {
    out: sink(out),
    err: sink(err),
    env: more.env ?? {},
    in: Readable.from(more.input ?? ''),
  })
  return { code, out: out.join(''), err: err.join(''), json: () => JSON.parse(out.join('')) }
}

/** A folder of files for one test, removed after it. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** One file for one test; gives its path. */
export function fileOf(name: string, text: string): string {
  return join(folderOf({ [name]: text }), name)
}
