/**
 * Rows that a query gave, as Congress writes them: the query's own atom with the values in the place of its variables, `p+(…)` and
 * `p-(…)` where it is a difference. A query that is no single atom keeps its rows as lists.
 *
 * @param results JSON lists of the values of the query's variables, in the order in which they first stand there
 */
export function congressTuples(query: string, results: readonly string[]): readonly string[] {
  const [, table, args] = /^\s*([\w.:-]+)\s*\(([^()]*)\)\s*[.;]?\s*$/.exec(query) ?? []
  if (table === undefined || args === undefined) return results
  return results.map(result => {
    const [, sign = '', list = ''] = /^([+-]?)(\[.*\])$/s.exec(result) ?? []
    if (list === '') return result
    const values = JSON.parse(list) as readonly unknown[]
    return `${table}${sign}(${withValues(args, values)})`
  })
}

/** Texts stay as they are; each name stands for a variable, the same name for the same one. */
function withValues(args: string, values: readonly unknown[]): string {
  const names: string[] = []
  return args.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_][\w.]*/g, word => {
    if (/^["']/.test(word) || ['_', 'true', 'false', 'null'].includes(word)) return word
    if (!names.includes(word)) names.push(word)
    const value = values[names.indexOf(word)]
    return value === undefined ? word : JSON.stringify(value)
  })
}
