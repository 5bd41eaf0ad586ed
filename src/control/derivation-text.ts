import type { Derivation } from '../datalog/index.ts'
import type { Row } from '../tables/index.ts'

/** Levels that are written out. */
const DEEPEST = 40

/** A derivation as indented lines of plain text, for faces that know no program: what holds, and under it why. */
export function derivationText(derivation: Derivation): string {
  const written = new Set<Derivation>()
  const lines = (d: Derivation, depth: number): string[] => {
    const indent = '  '.repeat(depth)
    if (written.has(d)) return [`${indent}${headOf(d)}, as above`]
    if (depth >= DEEPEST) return [`${indent}${headOf(d)}, and so on`]
    if (childrenOf(d).length > 0) written.add(d)
    return [indent + headOf(d), ...childrenOf(d).flatMap(child => lines(child, depth + 1))]
  }
  return lines(derivation, 0).join('\n')
}

function headOf(d: Derivation): string {
  switch (d.kind) {
    case 'rule':
      return `${tuple(d.tuple.table, d.tuple.row)} by the rule at ${d.rule.span.file}:${d.rule.span.line}`
    case 'fact':
      return `${tuple(d.tuple.table, d.tuple.row)} stated at ${d.rule.span.file}:${d.rule.span.line}`
    case 'row': {
      const from = d.provenance ? ` from ${d.provenance.place ?? d.provenance.source}` : ''
      return tuple(d.tuple.table, d.tuple.row) + from
    }
    case 'absent':
      return `no row ${tuple(d.table, d.pattern)}`
    default:
      return d.text
  }
}

function childrenOf(d: Derivation): readonly Derivation[] {
  return d.kind === 'rule' ? d.because : d.kind === 'aggregate' ? d.group.flat() : []
}

function tuple(table: string, row: readonly (Row[number] | undefined)[]): string {
  return `${table}(${row.map(value => (value === undefined ? '_' : JSON.stringify(value))).join(', ')})`
}
