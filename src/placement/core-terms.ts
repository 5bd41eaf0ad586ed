import type { ArithmeticFunction, CoreExpr } from '../language/index.ts'

/** Pieces of rules that this room makes. */
export const variable = (index: number) => ({ kind: 'variable', index }) as const

export const call = (f: ArithmeticFunction, ...args: CoreExpr[]): CoreExpr => ({ kind: 'call', function: f, args })
