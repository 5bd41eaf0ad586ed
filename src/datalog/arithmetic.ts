import type { ArithmeticFunction } from '../language/index.ts'

/** Why an operation gave no number; division by zero and leaving a function's domain fail the literal without a warning. */
export type ArithmeticFault = 'not-a-number' | 'past-2^53'

/**
 * The arithmetic of policies, on doubles. NaN stands for "the literal fails": an operand that is no number, division by zero, a
 * function outside its domain, a result that is not finite, and an integer result past 2^53 - 1 of integer operands, which could not
 * be told from its neighbours. `report` hears of the kinds a user should be warned of.
 *
 * `%` takes the sign of its left operand (as in C and Soufflé); `round` takes halves away from zero; `log` is natural.
 */
export function calculate(
  f: ArithmeticFunction,
  args: readonly number[],
  report: (why: ArithmeticFault) => void,
): number {
  for (const a of args) {
    if (Number.isNaN(a)) {
      report('not-a-number')
      return Number.NaN
    }
  }
  const result = operate(f, args)
  if (result <= Number.MAX_SAFE_INTEGER && result >= -Number.MAX_SAFE_INTEGER) return result
  if (!Number.isFinite(result)) return Number.NaN
  if (args.every(Number.isInteger) && f !== 'exp' && f !== 'log') {
    report('past-2^53')
    return Number.NaN
  }
  return result
}

function operate(f: ArithmeticFunction, args: readonly number[]): number {
  const a = args[0]!
  const b = args[1]!
  switch (f) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? Number.NaN : a / b
    case '%':
      return b === 0 ? Number.NaN : a % b
    case 'neg':
      return -a
    case 'abs':
      return Math.abs(a)
    case 'min':
      return Math.min(...args)
    case 'max':
      return Math.max(...args)
    case 'floor':
      return Math.floor(a)
    case 'ceil':
      return Math.ceil(a)
    case 'round':
      return Math.sign(a) * Math.round(Math.abs(a))
    case 'log':
      return Math.log(a)
    case 'exp':
      return Math.exp(a)
    case 'pow':
      return a ** b
  }
}
