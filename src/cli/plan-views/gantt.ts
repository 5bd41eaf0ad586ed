import type { PlanReport } from '../../control/index.ts'
import type { Context } from '../context.ts'
import { type Bar, barsOf } from './bars.ts'
import { duration, ticks } from './units.ts'

/** Rows shown; a longer plan is cut, and says so. */
const ROWS = 60
const NARROWEST = 20
const LONGEST_NAME = 40

/** When each move and each copy of an image runs, as bars over time; `█` on the critical path, `▒` elsewhere, copies `░`. */
export function ganttText(report: PlanReport, context: Context): void {
  const { makespan } = report
  const all = barsOf(report)
  if (all.length === 0 || makespan <= 0) return
  const { paint } = context
  const shown = all.slice(0, ROWS)
  const label = ({ id, what, from, to }: Bar) => `${id} ${what} ${from} → ${to}`
  const wide = Math.min(LONGEST_NAME, Math.max(...shown.map(bar => label(bar).length)))
  const bars = Math.max(NARROWEST, Math.min(100, context.io.out.columns - wide - 3))
  const at = (seconds: number) => Math.round((seconds / makespan) * bars)
  for (const bar of shown) {
    const from = Math.min(at(bar.start), bars - 1)
    const length = Math.max(1, at(bar.end) - from)
    const line = `${cut(label(bar), wide).padEnd(wide)}  ${' '.repeat(from)}`
    const drawn = (bar.critical ? '█' : bar.kind === 'copy' ? '░' : '▒').repeat(length)
    context.say(line + (bar.critical ? paint.yellow(drawn) : paint.cyan(drawn)))
  }
  context.say(`${' '.repeat(wide)}  ${axis(makespan, bars, at)}`)
  if (all.length > ROWS) context.say(`${' '.repeat(wide)}  and ${all.length - ROWS} more`)
  const keys = [
    ...(all.some(bar => !bar.critical) ? ['█ critical path'] : []),
    ...(all.some(bar => bar.kind === 'copy' && !bar.critical) ? ['░ copies of images'] : []),
  ]
  if (keys.length > 0) context.say(paint.dim(`${' '.repeat(wide)}  ${keys.join('   ')}`))
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
