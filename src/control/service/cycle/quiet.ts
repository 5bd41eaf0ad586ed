/** A time of day from one moment to another; past midnight when it ends before it begins. */
export interface QuietTime {
  readonly from: string
  readonly to: string
  readonly timezone?: string | undefined
}

/** Milliseconds until a quiet time that holds now is over; undefined: none holds. */
export function quietFor(times: readonly QuietTime[], now: number): number | undefined {
  let longest: number | undefined
  for (const { from, to, timezone } of times) {
    const at = minuteOfDay(now, timezone)
    const [begin, end] = [minutes(from), minutes(to)]
    const isQuiet = begin <= end ? at >= begin && at < end : at >= begin || at < end
    if (!isQuiet) continue
    const left = ((end - at + 1440) % 1440) * 60_000
    longest = Math.max(longest ?? 0, left)
  }
  return longest
}

/** `22:30` as minutes since midnight. */
export function minutes(text: string): number {
  const parts = /^(\d{1,2}):(\d{2})$/.exec(text)
  const value = parts ? Number(parts[1]) * 60 + Number(parts[2]) : Number.NaN
  return value <= 1440 ? value : Number.NaN
}

/** In fractions. */
function minuteOfDay(now: number, timezone = 'UTC'): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]))
  return (parts.get('hour') ?? 0) * 60 + (parts.get('minute') ?? 0) + (parts.get('second') ?? 0) / 60
}
