import type { Value } from '../../tables/index.ts'
import { asInteger, asString, type Builtin, BuiltinFault, test } from './builtin.ts'

/**
 * Dates are text and have no time zone of their own: `2014-1-5`, `2014-01-05 10:00:00`, `2014-01-05T10:00:00.5Z`, `Jan 5, 2014 10:00:00`,
 * `5 January 2014`, `1/5/2014` (month first). A zone at the end is reckoned into UTC. Answers are `YYYY-MM-DD HH:MM:SS`, padded, but
 * the pack builtins join their inputs as they are (`2014-1-5`), as in Congress.
 */
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const clock = String.raw`(?:[\sT]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*(Z|UTC|[-+]\d{2}:?\d{2})?)?`
const yearFirst = new RegExp(String.raw`^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})${clock}\s*$`, 'i')
const monthFirst = new RegExp(String.raw`^\s*(\d{1,2})/(\d{1,2})/(\d{4})${clock}\s*$`, 'i')
const monthName = new RegExp(String.raw`^\s*([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})${clock}\s*$`, 'i')
const dayName = new RegExp(String.raw`^\s*(\d{1,2})(?:st|nd|rd|th)?\s+([a-z]{3,9})\.?,?\s+(\d{4})${clock}\s*$`, 'i')

/** Microseconds, so that fractions survive; safe far beyond year 9999 less a factor: years 1 to 9999 fit in 2^53 from 1900 only by pieces. */
interface Moment {
  /** Whole seconds since 1970, UTC. */
  readonly seconds: number
  readonly microseconds: number
}

function moment(v: Value): Moment {
  const text = asString(v)
  const bad = (): never => {
    throw new BuiltinFault(`${JSON.stringify(text)} is not a date`)
  }
  let match = yearFirst.exec(text)
  let parts: [string | undefined, string | undefined, string | undefined]
  if (match) parts = [match[1], match[2], match[3]]
  else if ((match = monthFirst.exec(text))) parts = [match[3], match[1], match[2]]
  else if ((match = monthName.exec(text))) parts = [match[3], monthNumber(match[1]!), match[2]]
  else if ((match = dayName.exec(text))) parts = [match[3], monthNumber(match[2]!), match[1]]
  else return bad()
  const [year, month, day] = parts.map(Number) as [number, number, number]
  const [hour, minute, second] = [match[4], match[5], match[6]].map(x => Number(x ?? 0)) as [number, number, number]
  if (hour > 23 || minute > 59 || second > 59) return bad()
  const at = Date.UTC(2000, month - 1, day)
  const date = new Date(at)
  date.setUTCFullYear(year, month - 1, day)
  if (!(month >= 1) || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return bad()
  const zone = match[8]
  let offset = 0
  if (zone && /^[-+]/.test(zone)) {
    const digits = zone.replace(/\D/g, '')
    offset = (zone[0] === '-' ? -1 : 1) * (Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60)
  }
  return {
    seconds: date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset,
    microseconds: Number((match[7] ?? '').padEnd(6, '0').slice(0, 6)),
  }
}

function monthNumber(name: string): string {
  return String(months.indexOf(name.slice(0, 3).toLowerCase()) + 1)
}

/** Seconds as a number, or `[[[weeks:]days:]hours:]minutes:seconds` as text. */
function duration(v: Value): number {
  if (typeof v === 'number') return v
  const fields = asString(v).trim().split(':')
  if (fields.length > 5 || !fields.every(f => /^[-+]?\d+$/.test(f)))
    throw new BuiltinFault(`${JSON.stringify(v)} is not a duration`)
  const seconds = [1, 60, 3600, 86_400, 604_800]
  return fields.reverse().reduce((sum, field, i) => sum + Number(field) * seconds[i]!, 0)
}

const two = (n: number) => String(n).padStart(2, '0')

function fields(m: Moment): [number, number, number, number, number, number] {
  const d = new Date(m.seconds * 1000)
  if (Number.isNaN(d.getTime()) || d.getUTCFullYear() < 1 || d.getUTCFullYear() > 9999)
    throw new BuiltinFault('a date outside the years 1 to 9999')
  return [
    d.getUTCFullYear(),
    d.getUTCMonth() + 1,
    d.getUTCDate(),
    d.getUTCHours(),
    d.getUTCMinutes(),
    d.getUTCSeconds(),
  ]
}

function dateText(m: Moment): string {
  const [year, month, day] = fields(m)
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
}

function timeText(m: Moment): string {
  const [, , , hour, minute, second] = fields(m)
  const fraction = m.microseconds === 0 ? '' : `.${String(m.microseconds).padStart(6, '0')}`
  return `${two(hour)}:${two(minute)}:${two(second)}${fraction}`
}

function shifted(m: Moment, seconds: number): string {
  const micro = m.microseconds + Math.round((seconds - Math.floor(seconds)) * 1e6)
  const moved = {
    seconds: m.seconds + Math.floor(seconds) + Math.floor(micro / 1e6),
    microseconds: ((micro % 1e6) + 1e6) % 1e6,
  }
  return `${dateText(moved)} ${timeText(moved)}`
}

function compare(a: Value, b: Value): number {
  const x = moment(a)
  const y = moment(b)
  return x.seconds - y.seconds || x.microseconds - y.microseconds
}

/** Seconds from 1900-01-01 to 1970-01-01. */
const FROM_1900 = 2_208_988_800

const joined = (inputs: readonly Value[], separator: string) => inputs.map(asInteger).join(separator)

export const dates: Readonly<Record<string, Builtin>> = {
  now: (_, { now }) => {
    const m = { seconds: Math.floor(now.getTime() / 1000), microseconds: 0 }
    return [`${dateText(m)} ${timeText(m)}`]
  },
  unpack_date: ([x]) => fields(moment(x!)).slice(0, 3),
  unpack_time: ([x]) => fields(moment(x!)).slice(3),
  unpack_datetime: ([x]) => fields(moment(x!)),
  pack_time: inputs => [joined(inputs, ':')],
  pack_date: inputs => [joined(inputs, '-')],
  pack_datetime: inputs => [`${joined(inputs.slice(0, 3), '-')} ${joined(inputs.slice(3), ':')}`],
  extract_date: ([x]) => [dateText(moment(x!))],
  extract_time: ([x]) => [timeText(moment(x!))],
  datetime_to_seconds: ([x]) => [moment(x!).seconds + FROM_1900],
  datetime_plus: ([x, by]) => [shifted(moment(x!), duration(by!))],
  datetime_minus: ([x, by]) => [shifted(moment(x!), -duration(by!))],
  datetime_lt: test(([x, y]) => compare(x!, y!) < 0),
  datetime_lteq: test(([x, y]) => compare(x!, y!) <= 0),
  datetime_gt: test(([x, y]) => compare(x!, y!) > 0),
  datetime_gteq: test(([x, y]) => compare(x!, y!) >= 0),
  datetime_equal: test(([x, y]) => compare(x!, y!) === 0),
}
