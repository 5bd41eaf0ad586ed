/** What one resource showed of one meter within a window of time. */
export interface Measure {
  readonly meter: string
  readonly unit?: string
  readonly resource: string
  /** Seconds that one point stands for. */
  readonly period: number
  /** Seconds since 1970, and the value. */
  readonly points: readonly (readonly [number, number])[]
}
