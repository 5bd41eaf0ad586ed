import type { Builtin } from './builtin.ts'
import { dates } from './dates.ts'
import { networks } from './networks.ts'
import { scalars } from './scalars.ts'
import { validation } from './validation.ts'

/** Congress's builtins by name, without the `builtin:` prefix. */
export const builtinTable: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({ ...scalars, ...dates, ...networks, ...validation }),
)
export { type BuiltinContext, BuiltinFault } from './builtin.ts'
