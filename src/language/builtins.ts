/**
 * What a Congress builtin takes and gives. `name(inputs…, outputs…)`: inputs must be bound, outputs are computed (and compared where
 * they are bound already). The parameters' names are for messages.
 */
export interface BuiltinSignature {
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * Every builtin, by name without the `builtin:` prefix. The comparisons and `max plus minus mul` are turned into infix literals by the
 * checker and never reach the evaluator under these names (see `hasInfixForm`); the evaluator implements the others.
 */
export const builtins: ReadonlyMap<string, BuiltinSignature> = new Map(
  [
    // Comparison
    signature('lt', 'x y'),
    signature('lteq', 'x y'),
    signature('equal', 'x y'),
    signature('gt', 'x y'),
    signature('gteq', 'x y'),
    signature('max', 'x y', 'largest'),
    // Arithmetic
    signature('plus', 'x y', 'sum'),
    signature('minus', 'x y', 'difference'),
    signature('mul', 'x y', 'product'),
    signature('div', 'x y', 'quotient'),
    signature('float', 'x', 'number'),
    signature('int', 'x', 'number'),
    // Strings
    signature('concat', 'x y', 'joined'),
    signature('len', 'text', 'length'),
    // Dates
    signature('now', '', 'datetime'),
    signature('unpack_date', 'datetime', 'year month day'),
    signature('unpack_time', 'datetime', 'hour minute second'),
    signature('unpack_datetime', 'datetime', 'year month day hour minute second'),
    signature('pack_time', 'hour minute second', 'time'),
    signature('pack_date', 'year month day', 'date'),
    signature('pack_datetime', 'year month day hour minute second', 'datetime'),
    signature('extract_date', 'datetime', 'date'),
    signature('extract_time', 'datetime', 'time'),
    signature('datetime_to_seconds', 'datetime', 'seconds'),
    signature('datetime_plus', 'datetime seconds', 'later'),
    signature('datetime_minus', 'datetime seconds', 'earlier'),
    signature('datetime_lt', 'x y'),
    signature('datetime_lteq', 'x y'),
    signature('datetime_gt', 'x y'),
    signature('datetime_gteq', 'x y'),
    signature('datetime_equal', 'x y'),
    // Network
    signature('ips_equal', 'x y'),
    signature('ips_lt', 'x y'),
    signature('ips_lteq', 'x y'),
    signature('ips_gt', 'x y'),
    signature('ips_gteq', 'x y'),
    signature('networks_equal', 'x y'),
    signature('networks_overlap', 'x y'),
    signature('ip_in_network', 'ip network'),
    // Validation: the output is empty text, or what is wrong
    signature('validate_int', 'smallest largest value', 'complaint'),
    signature('validate_float', 'smallest largest value', 'complaint'),
    signature('validate_string', 'pattern longest quotes ignore_case value', 'complaint'),
  ].map(s => [s.name, s]),
)

function signature(name: string, inputs: string, outputs = ''): BuiltinSignature {
  const names = (text: string) => text.split(' ').filter(n => n !== '')
  return { name, inputs: names(inputs), outputs: names(outputs) }
}

/** A builtin that the checker turns into an infix comparison, so that the evaluator never sees it. */
export function hasInfixForm(name: string): boolean {
  return infixComparison.has(name) || infixArithmetic.has(name)
}

/** `lt(x, y)` is `x < y`. */
export const infixComparison: ReadonlyMap<string, '<' | '<=' | '>' | '>=' | '='> = new Map([
  ['lt', '<'],
  ['lteq', '<='],
  ['equal', '='],
  ['gt', '>'],
  ['gteq', '>='],
] as const)

/** `plus(x, y, z)` is `z = x + y`. `div` is not here: on integers it is a floor, which `/` is not. */
export const infixArithmetic: ReadonlyMap<string, '+' | '-' | '*' | 'max'> = new Map([
  ['plus', '+'],
  ['minus', '-'],
  ['mul', '*'],
  ['max', 'max'],
] as const)
