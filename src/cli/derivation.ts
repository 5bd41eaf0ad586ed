import type { Absence, Derivation } from '../datalog/index.ts'
import { type Program, renderTuple } from '../language/index.ts'
import type { Context } from './context.ts'

/** A derivation as a tree of lines: what holds, and under it why. */
export function derivationLines(derivation: Derivation, program: Program, paint: Context['paint']): string[] {
  const { head, children } = describe(derivation, program, paint)
  return [head, ...branch(children, program, paint)]
}

function branch(children: readonly Child[], program: Program, paint: Context['paint']): string[] {
  return children.flatMap((child, i) => {
    const last = i === children.length - 1
    const lines = typeof child === 'string' ? [child] : derivationLines(child, program, paint)
    return lines.map((line, j) => paint.dim(j === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  ') + line)
  })
}

type Child = Derivation | string

function describe(
  d: Derivation,
  program: Program,
  paint: Context['paint'],
): { head: string; children: readonly Child[] } {
  switch (d.kind) {
    case 'rule': {
      const { file, line } = d.rule.span
      return {
        head: `${paint.bold(renderTuple(program, d.tuple.table, d.tuple.row))}  ${paint.dim(`by the rule at ${file}:${line}`)}`,
        children: d.because,
      }
    }
    case 'fact':
      return {
        head: `${renderTuple(program, d.tuple.table, d.tuple.row)}  ${paint.dim(`stated at ${d.rule.span.file}:${d.rule.span.line}`)}`,
        children: [],
      }
    case 'row': {
      const from = d.provenance?.place ?? d.provenance?.source
      return {
        head: `${renderTuple(program, d.tuple.table, d.tuple.row)}${from ? `  ${paint.dim(`from ${from}`)}` : ''}`,
        children: [],
      }
    }
    case 'absent':
      return { head: `no row ${renderTuple(program, d.table, d.pattern)}`, children: [] }
    case 'builtin':
      return { head: d.text, children: [] }
    case 'aggregate': {
      const shown = d.group.flat()
      const more = d.bindings - d.group.length
      return {
        head: `${d.text}  ${paint.dim(`over ${d.bindings} ${d.bindings === 1 ? 'binding' : 'bindings'}`)}`,
        children: more > 0 ? [...shown, paint.dim(`and ${more} more`)] : shown,
      }
    }
  }
}

/** Why a tuple does not hold: for each rule that could give it, what held and where it stopped. */
export function absenceLines(absence: Absence, program: Program, paint: Context['paint']): string[] {
  const wanted = renderTuple(program, absence.tuple.table, absence.tuple.row)
  const lines = [`${paint.bold(wanted)} does not hold`]
  if (absence.attempts.length === 0) lines.push('└─ no rule gives it and no row states it')
  for (const attempt of absence.attempts) {
    const { file, line } = attempt.rule.span
    lines.push(`the rule at ${file}:${line}`)
    for (const held of attempt.held) lines.push(`  ${paint.green('holds')}  ${held}`)
    lines.push(`  ${paint.red('fails')}  ${attempt.failed}`)
    for (const near of attempt.nearest)
      lines.push(`  ${paint.dim('near')}   ${renderTuple(program, near.table, near.row)}`)
  }
  return lines
}
