/** An element that makes a row, with the names that led to it. */
export interface Element {
  readonly item: unknown
  readonly value: unknown
  readonly keys: readonly string[]
}

/** Every element that a path such as `addresses.*.[]` leads to. What is not there leads nowhere. */
export function elementsOf(item: unknown, each: string | undefined): readonly Element[] {
  let found: Element[] = [{ item, value: item, keys: [] }]
  for (const step of each === undefined ? [] : each.split('.')) found = found.flatMap(element => expand(element, step))
  return found
}

function expand({ item, value, keys }: Element, step: string): Element[] {
  if (step === '[]') return Array.isArray(value) ? value.map((v): Element => ({ item, value: v, keys })) : []
  if (step === '*') {
    return isObject(value)
      ? Object.entries(value).map(([key, v]): Element => ({ item, value: v, keys: [...keys, key] }))
      : []
  }
  return isObject(value) && step in value ? [{ item, value: value[step], keys }] : []
}

/** A path of a column, ready to read: undefined where nothing stands. */
export function compilePath(path: string): (element: Element) => unknown {
  const ways = path.split('|').map(compileWay)
  return element => {
    for (const way of ways) {
      const found = way(element)
      if (found !== undefined && found !== null) return found
    }
    return undefined
  }
}

function compileWay(path: string): (element: Element) => unknown {
  const [first = '', ...rest] = path.split('.')
  if (first === '@value') return element => walk(element.value, rest)
  if (first === '@item') return element => walk(element.item, rest)
  if (first === '@key') return element => element.keys.at(-1)
  const key = /^@key(\d)$/.exec(first)
  if (key) return element => element.keys[Number(key[1])]
  return element => walk(element.value, [first, ...rest])
}

/** What stands at the end of a way through objects and, by number, lists. */
export function walk(value: unknown, steps: readonly string[]): unknown {
  for (const step of steps) {
    if (!isObject(value)) return undefined
    value = value[step]
  }
  return value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
