/** Orders microversions such as `2.9` and `2.10`. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number)
  const [majorB = 0, minorB = 0] = b.split('.').map(Number)
  return majorA - majorB || minorA - minorB
}

export function lowest(first: string, ...others: readonly string[]): string {
  return others.reduce((low, next) => (compareVersions(next, low) < 0 ? next : low), first)
}
