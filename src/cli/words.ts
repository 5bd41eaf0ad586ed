/** `1 rule`, `2 rules`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

/** A number for people: at most `digits` decimals, no trailing zeros. */
export function figure(value: number, digits = 2): string {
  return String(Number(value.toFixed(digits)))
}

/** The policy that defines a derived table: `ha` for `ha:error`. */
export function policyOf(table: string): string {
  return table.slice(0, Math.max(0, table.indexOf(':')))
}
