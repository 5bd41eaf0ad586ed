import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { fail } from '../../diagnostic/index.ts'

/**
 * An append-only file of JSON lines, on disk before `append` returns. A line that a crash tore off at the end is cut away when the file is
 * opened: its event had not happened, because nothing is acted upon before it is written. One process at a time.
 */
export class Journal {
  readonly path: string
  readonly #file: number
  #length: number

  private constructor(path: string, file: number, length: number) {
    this.path = path
    this.#file = file
    this.#length = length
  }

  /** Open or create; `records` is what it holds. */
  static open(path: string): { journal: Journal; records: unknown[] } {
    let file: number
    let bytes: Buffer
    try {
      file = openSync(path, 'a+')
      bytes = readFileSync(file)
    } catch (error) {
      return failWith(error, `the journal \`${path}\` can't be opened`)
    }
    const end = bytes.lastIndexOf(10) + 1
    const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1)
    const records = lines.map((line, i): unknown => {
      try {
        return JSON.parse(line)
      } catch {
        closeSync(file)
        return fail('data/bad-journal', `line ${i + 1} of the journal \`${path}\` is damaged`, {
          help: 'move the journal away to start the cloud anew',
        })
      }
    })
    if (end < bytes.length) ftruncateSync(file, end)
    return { journal: new Journal(path, file, end), records }
  }

  /** Write one record and wait until the disk has it. A failed write leaves the file as it was. */
  append(record: unknown): void {
    const bytes = Buffer.from(`${JSON.stringify(record)}\n`)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
      fsyncSync(this.#file)
      this.#length += bytes.length
    } catch (error) {
      try {
        ftruncateSync(this.#file, this.#length)
      } catch {
        // The torn line is cut away when the journal is opened next.
      }
      failWith(error, `the journal \`${this.path}\` can't be written`)
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

function failWith(error: unknown, message: string): never {
  if (!(error instanceof Error) || !('code' in error)) throw error
  const words: Readonly<Record<string, string>> = {
    ENOSPC: 'the disk is full',
    EACCES: 'permission denied',
    EROFS: 'the disk is read-only',
    ENOENT: 'there is no such folder',
    EISDIR: 'it is a folder',
  }
  return fail('data/journal', `${message}: ${words[String(error.code)] ?? error.code}`, {
    help: 'make room, or give a journal in a folder that can be written',
  })
}
