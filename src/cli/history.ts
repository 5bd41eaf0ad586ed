import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Io } from './io.ts'

export const LINES_KEPT = 1000

/** Where typed lines are kept from one session to the next: `USHER_HISTORY`, else below the user's state folder. */
export function historyFile(env: Io['env']): string {
  const state = env['XDG_STATE_HOME'] || join(homedir(), '.local/state')
  return env['USHER_HISTORY'] || join(state, 'usher/history')
}

/** Lines of earlier sessions, newest first; none where the file can not be read. */
export function readHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).reverse().slice(0, LINES_KEPT)
  } catch {
    return []
  }
}

/** Keep lines, given newest first. A history that can not be written is no reason to disturb anybody. */
export function writeHistory(file: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${[...lines.slice(0, LINES_KEPT)].reverse().join('\n')}\n`, { mode: 0o600 })
  } catch {}
}
