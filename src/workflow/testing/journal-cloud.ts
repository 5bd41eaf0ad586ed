import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Action, TaskResult } from '../types.ts'

/** One line of the journal: somebody asked for a move, or a move was begun. */
export interface JournalEntry {
  readonly kind: 'asked' | 'acted'
  readonly token: string
  readonly vm: string
  /** Milliseconds since 1970; when the move is done. */
  readonly until: number
}

export function readJournal(file: string): JournalEntry[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter(line => line !== '').map(line => JSON.parse(line) as JournalEntry)
}

/**
 * A tiny cloud in a file, as durable as a real one seems from here: it moves VMs in the time it takes by the wall clock, remembers
 * the tokens it was given, and answers a known token like the first time without acting again. The journal tells what it was asked
 * and what it did.
 */
export function journalCloud(file: string): Action {
  const entries = (): JournalEntry[] => readJournal(file).filter(e => e.kind === 'acted')
  const write = (entry: JournalEntry): void => appendFileSync(file, `${JSON.stringify(entry)}\n`)
  return {
    async run(input, { token }) {
      const { vm, takes } = input as { vm: string; takes: number }
      const until = Date.now() + takes
      write({ kind: 'asked', token, vm, until })
      if (!entries().some(e => e.token === token)) write({ kind: 'acted', token, vm, until })
      return 'later'
    },
    async poll(token): Promise<TaskResult | undefined> {
      const entry = entries().find(e => e.token === token)
      if (!entry || entry.until > Date.now()) return undefined
      // One VM's first move fails, so that a retry is among what must survive.
      if (entry.vm === 'vm-5' && token.endsWith('/1')) return { outcome: 'error', error: 'the host was busy' }
      return { outcome: 'success', data: { vm: entry.vm } }
    },
  }
}
