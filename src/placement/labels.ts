import { type Program, renderTuple } from '../language/index.ts'
import type { Value } from '../tables/index.ts'
import { displayName } from './analysis.ts'
import type { Labels } from './encode.ts'
import { inputsOf, isNegated, nodeOf } from './formula.ts'
import { isExtreme, isFixedTerm } from './ground-table.ts'
import type { Problem } from './problem.ts'

/**
 * Readable names for the model's columns and rows: an atom by its VM and host, any other condition by the tuple that it decides (or helps
 * to decide) and the rule that the tuple comes from. Worked out when first asked for.
 */
export function labelsOf(problem: Problem): Labels {
  let labels: Map<number, { name: string; comment: string }> | undefined
  return {
    of: node => {
      labels ??= collect(problem)
      return labels.get(node) ?? { name: `c${node}`, comment: '' }
    },
  }
}

function collect({ judge, analysis, grounding, universe }: Problem): Map<number, { name: string; comment: string }> {
  const labels = new Map<number, { name: string; comment: string }>()
  const { nodes } = grounding.store
  const name = (node: number, base: string, comment: string): void => {
    const known = nodes[node]!
    if (labels.has(node) || known.kind === 'false') return
    if (known.kind === 'atom') {
      const text = `x[${universe.vms[known.vm]},${universe.hosts[known.host]}]`
      labels.set(node, { name: text, comment: '' })
      return
    }
    labels.set(node, { name: base, comment })
    inputsOf(known).forEach((inner, i) => {
      name(inner, `${base}.${i + 1}`, comment)
    })
  }
  // Tables come in order of dependency, so a condition is named for the first table that it decides.
  for (const [table, ground] of grounding.tables) {
    if (!analysis.tables.includes(table)) continue
    for (const tuple of ground.tuples)
      for (const { literal, numbers, rules } of tuple.alternatives) {
        const rule = judge.program.rules[rules[0] ?? 0]!
        const text = shownTuple(judge.program, table, tuple.key)
        const comment = `${rule.span.file}:${rule.span.line} ${renderTuple(judge.program, table, tuple.key).replace(/^~\w+:/, '')}`
        // The column is about the node; the tuple may be its opposite.
        name(nodeOf(literal), isNegated(literal) ? `not_${text}` : text, comment)
        for (const number of numbers)
          for (const { num } of isFixedTerm(number) ? [] : isExtreme(number) ? number.items : [number])
            for (const n of num.nodes) name(n, `${text}.value`, comment)
      }
  }
  return labels
}

/** `error[server-a,vm1]`: short, and free of characters that model files can't hold. Inner tables go by the table behind them. */
function shownTuple(program: Program, table: string, key: readonly Value[]): string {
  return `${displayName(program, table)}[${key.join(',')}]`
}
