import type { Value } from '../../tables/index.ts'

/** What a builtin may look at besides its inputs. */
export interface BuiltinContext {
  /** One reading of the clock for a whole evaluation. */
  readonly now: Date
}

/** The outputs, or undefined: it does not hold. Inputs it cannot read: it throws `BuiltinFault`. */
export type Builtin = (inputs: readonly Value[], context: BuiltinContext) => readonly Value[] | undefined

/** An input that a builtin cannot read: the literal fails and a warning counts it. */
export class BuiltinFault extends Error {}

/** A builtin without outputs holds or it does not. */
export function test(holds: (inputs: readonly Value[]) => boolean): Builtin {
  return inputs => (holds(inputs) ? [] : undefined)
}

export function asNumber(v: Value): number {
  if (typeof v === 'number') return v
  throw new BuiltinFault(`${JSON.stringify(v)} is not a number`)
}

export function asString(v: Value): string {
  if (typeof v === 'string') return v
  throw new BuiltinFault(`${JSON.stringify(v)} is not a string`)
}

/** A whole number below 2^53, as a number or as text. */
export function asInteger(v: Value): number {
  const n = typeof v === 'string' && /^\s*[-+]?\d+\s*$/.test(v) ? Number(v) : v
  if (typeof n === 'number' && Number.isSafeInteger(n)) return n
  throw new BuiltinFault(`${JSON.stringify(v)} is not a whole number`)
}
