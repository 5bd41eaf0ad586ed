import type { Point } from './enumerate.ts'
import type { Part } from './parts.ts'

/** Equal small parts, with their points. */
export interface Kind {
  readonly points: readonly Point[]
  readonly parts: Part[]
}

/** Parts that have the choice among points of the same measures, whatever columns they have. */
export interface Choice {
  readonly points: readonly Point[]
  readonly places: { readonly part: Part; readonly kind: Kind }[]
}

/** The choices of all parts that have one; those with a single point have none. */
export function choicesAmong(kinds: readonly Kind[]): Choice[] {
  const byMeasures = new Map<string, Choice>()
  for (const kind of kinds) {
    const { points, parts } = kind
    if (points.length < 2) continue
    const measures = JSON.stringify(points.map(({ objectives, linking }) => [objectives, linking]))
    let choice = byMeasures.get(measures)
    if (!choice) byMeasures.set(measures, (choice = { points, places: [] }))
    for (const part of parts) choice.places.push({ part, kind })
  }
  return [...byMeasures.values()]
}
