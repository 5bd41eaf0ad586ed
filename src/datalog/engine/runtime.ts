import type { Span } from '../../diagnostic/index.ts'
import type { ArithmeticFunction, ComparisonOperator } from '../../language/index.ts'
import type { Interner, Value } from '../../tables/index.ts'
import { calculate } from '../arithmetic.ts'
import { BuiltinFault, builtinTable } from '../builtins/index.ts'
import { compare } from '../solve.ts'
import type { Warnings } from '../warnings.ts'

/** A place in a rule that may have to be named in a warning. */
export interface Site {
  readonly span: Span
  readonly text: string
}

/**
 * What compiled rules call on their slow paths: warnings, comparisons that are not of two numbers, arithmetic out of the common range,
 * builtins. Arithmetic answers NaN where the literal fails.
 */
export class Runtime {
  readonly interner: Interner
  readonly sites: Site[] = []
  /** The clock's reading for builtins that ask for it. */
  now = new Date(0)
  readonly #warnings: Warnings

  constructor(interner: Interner, warnings: Warnings) {
    this.interner = interner
    this.#warnings = warnings
  }

  /** An operand that is no number. */
  notNumber(site: number, id: number): void {
    const { span, text } = this.sites[site]!
    this.#warnings.add('not-a-number', span, () => `\`${text}\` and ${JSON.stringify(this.interner.value(id))}`)
  }

  /** An ordering of values that are not both numbers. */
  order(site: number, operator: ComparisonOperator, left: Value, right: Value): boolean {
    return compare(operator, left, right, () => {
      const { span } = this.sites[site]!
      const detail = () => `\`${JSON.stringify(left)} ${operator} ${JSON.stringify(right)}\``
      this.#warnings.add('mixed-types', span, detail)
    })
  }

  /** Any operation, with all its rules. Operands that are NaN failed before and were reported then. */
  calculate(site: number, f: ArithmeticFunction, args: readonly number[]): number {
    for (const a of args) if (Number.isNaN(a)) return Number.NaN
    const { span, text } = this.sites[site]!
    return calculate(f, args, why => this.#warnings.add(why, span, () => `\`${text}\``))
  }

  add(site: number, a: number, b: number): number {
    const r = a + b
    return r <= 9007199254740991 && r >= -9007199254740991 ? r : this.calculate(site, '+', [a, b])
  }

  subtract(site: number, a: number, b: number): number {
    const r = a - b
    return r <= 9007199254740991 && r >= -9007199254740991 ? r : this.calculate(site, '-', [a, b])
  }

  multiply(site: number, a: number, b: number): number {
    const r = a * b
    return r <= 9007199254740991 && r >= -9007199254740991 ? r : this.calculate(site, '*', [a, b])
  }

  divide(site: number, a: number, b: number): number {
    if (b === 0) return Number.NaN
    const r = a / b
    return r <= 9007199254740991 && r >= -9007199254740991 ? r : this.calculate(site, '/', [a, b])
  }

  smaller(site: number, a: number, b: number): number {
    const r = Math.min(a, b)
    return r <= 9007199254740991 && r >= -9007199254740991 ? r : this.calculate(site, 'min', [a, b])
  }

  larger(site: number, a: number, b: number): number {
    const r = Math.max(a, b)
    return r <= 9007199254740991 && r >= -9007199254740991 ? r : this.calculate(site, 'max', [a, b])
  }

  absolute(site: number, a: number): number {
    const r = Math.abs(a)
    return r <= 9007199254740991 ? r : this.calculate(site, 'abs', [a])
  }

  /** A builtin's outputs, or null where it does not hold. */
  call(site: number, name: string, inputs: readonly Value[]): readonly Value[] | null {
    const builtin = builtinTable.get(name)
    if (!builtin) throw new Error(`no builtin ${name}`)
    try {
      return builtin(inputs, { now: this.now }) ?? null
    } catch (fault) {
      if (!(fault instanceof BuiltinFault)) throw fault
      const { span } = this.sites[site]!
      this.#warnings.add('builtin-failed', span, () => `\`${name}\`: ${fault.message}`)
      return null
    }
  }
}
