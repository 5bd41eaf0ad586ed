import type { PlanReport } from '../../control/index.ts'
import type { Context } from '../context.ts'
import { count } from '../words.ts'
import { duration, ticks } from './units.ts'

/** Rows shown; a longer plan is cut, and says so. */
const ROWS = 60
const NARROWEST = 20
const LONGEST_NAME = 40

type Move = PlanReport['moves'][number]

/** When each move runs, as bars over time; `█` on the critical path, `▒` elsewhere. */
export function ganttText(report: PlanReport, context: Context): void {
  const { moves, makespan } = report
  if (moves.length === 0 || makespan <= 0) return
  const { paint } = context
  const shown = [...moves].sort((a, b) => a.start - b.start || a.end - b.end).slice(0, ROWS)
  const label = (move: Move) => `${move.id} ${move.vm} ${move.from} → ${move.to}`
  const wide = Math.min(LONGEST_NAME, Math.max(...shown.map(move => label(move).length)))
  const bars = Math.max(NARROWEST, Math.min(100, context.io.out.columns - wide - 3))
  const critical = new Set(report.criticalPath)
  const at = (seconds: number) => Math.round((seconds / makespan) * bars)
  for (const move of shown) {
    const from = Math.min(at(move.start), bars - 1)
    const length = Math.max(1, at(move.end) - from)
    const bar = (critical.has(move.id) ? '█' : '▒').repeat(length)
    const line = `${cut(label(move), wide).padEnd(wide)}  ${' '.repeat(from)}`
    context.say(line + (critical.has(move.id) ? paint.yellow(bar) : paint.cyan(bar)))
  }
  context.say(`${' '.repeat(wide)}  ${axis(makespan, bars, at)}`)
  if (moves.length > ROWS) context.say(`${' '.repeat(wide)}  and ${count(moves.length - ROWS, 'move')} more`)
  if (moves.some(move => !critical.has(move.id))) context.say(paint.dim(`${' '.repeat(wide)}  █ critical path`))
}

/** Times under the bars, as many as have room. */
function axis(makespan: number, bars: number, at: (seconds: number) => number): string {
  let line = ''
  for (const tick of ticks(makespan, Math.max(2, Math.floor(bars / 12)))) {
    const text = duration(tick)
    if (at(tick) < line.length + (line === '' ? 0 : 1) || at(tick) + text.length > bars + 6) continue
    line = line.padEnd(at(tick)) + text
  }
  return line
}

const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text)
