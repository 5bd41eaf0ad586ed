/** Seconds for people: `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return seconds < 10 ? `${Number(seconds.toFixed(1))} s` : `${whole} s`
  const parts =
    whole < 3600
      ? ([
          [whole / 60, 'min'],
          [whole % 60, 's'],
        ] as const)
      : ([
          [whole / 3600, 'h'],
          [(whole % 3600) / 60, 'min'],
        ] as const)
  return parts
    .filter(([n]) => Math.floor(n) > 0)
    .map(([n, unit]) => `${Math.floor(n)} ${unit}`)
    .join(' ')
}

/** MiB for people. */
export function volume(mib: number): string {
  if (mib >= 1024 * 1024) return `${Number((mib / 1024 / 1024).toFixed(1))} TiB`
  return mib >= 1024 ? `${Number((mib / 1024).toFixed(1))} GiB` : `${Math.round(mib)} MiB`
}

/** Watts before and after, for people. */
export function powerChange({ before, after }: { readonly before: number; readonly after: number }): string {
  const [unit, name] = Math.max(before, after) >= 10_000 ? [1000, 'kW'] : [1, 'W']
  const shown = (watts: number) => Number((watts / unit).toFixed(1))
  return `${shown(before)} → ${shown(after)} ${name}`
}

/** What watts saved come to in a day; below 0, what they cost. */
export function energyADay(saved: number): string {
  const energy = (Math.abs(saved) * 24) / 1000
  return `${Number(energy.toFixed(energy < 10 ? 2 : 1))} kWh a day ${saved < 0 ? 'more' : 'saved'}`
}

/** Steps of an axis: about `most` of them, at round numbers of seconds. */
export function ticks(makespan: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]
  const small = makespan < most ? 10 ** Math.floor(Math.log10(Math.max(makespan, 1e-9) / most) + 1) : undefined
  const step = small ?? steps.find(s => makespan / s <= most) ?? Math.ceil(makespan / most)
  return Array.from({ length: Math.floor(makespan / step + 1e-9) + 1 }, (_, i) => i * step)
}
