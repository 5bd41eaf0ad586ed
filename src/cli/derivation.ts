import type { Absence, Derivation } from '../datalog/index.ts'
import { type Program, renderTuple } from '../language/index.ts'
import type { Context } from './context.ts'

/** Levels of a tree that are drawn; what lies deeper can be asked for by its own tuple. */
const DEEPEST = 40

export interface DerivationOptions {
  /** Say of each row when it was read. */
  readonly times?: boolean
}

/**
 * A derivation as a tree of lines: what holds, and under it why. A tuple that is needed twice is explained where it comes first, so
 * that the text is no longer than the derivation.
 */
export function derivationLines(
  derivation: Derivation,
  program: Program,
  paint: Context['paint'],
  options: DerivationOptions = {},
): string[] {
  return new Drawing(program, paint, options).lines(derivation, 1)
}

type Child = Derivation | string

class Drawing {
  readonly #program: Program
  readonly #paint: Context['paint']
  readonly #options: DerivationOptions
  readonly #drawn = new Set<Derivation>()

  constructor(program: Program, paint: Context['paint'], options: DerivationOptions) {
    this.#program = program
    this.#paint = paint
    this.#options = options
  }

  lines(d: Derivation, depth: number): string[] {
    const { dim } = this.#paint
    const { head, children } = this.#describe(d)
    if (children.length === 0) return [head]
    if (this.#drawn.has(d)) return [`${head}${dim(', as above')}`]
    if (depth > DEEPEST) return [`${head}${dim(', and so on: explain this tuple to go on')}`]
    this.#drawn.add(d)
    const under = children.flatMap((child, i) => {
      const last = i === children.length - 1
      const lines = typeof child === 'string' ? [child] : this.lines(child, depth + 1)
      return lines.map((line, j) => dim(j === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  ') + line)
    })
    return [head, ...under]
  }

  #describe(d: Derivation): { head: string; children: readonly Child[] } {
    const { bold, dim } = this.#paint
    const tuple = (table: string, row: Parameters<typeof renderTuple>[2]) => renderTuple(this.#program, table, row)
    switch (d.kind) {
      case 'rule': {
        const { file, line } = d.rule.span
        return {
          head: `${bold(tuple(d.tuple.table, d.tuple.row))}  ${dim(`by the rule at ${file}:${line}`)}`,
          children: d.because,
        }
      }
      case 'fact': {
        const { file, line } = d.rule.span
        return { head: `${tuple(d.tuple.table, d.tuple.row)}  ${dim(`stated at ${file}:${line}`)}`, children: [] }
      }
      case 'row':
        return { head: tuple(d.tuple.table, d.tuple.row) + this.#origin(d), children: [] }
      case 'absent':
        return { head: `no row ${tuple(d.table, d.pattern)}`, children: [] }
      case 'builtin':
        return { head: d.text, children: [] }
      case 'aggregate': {
        const shown = d.group.flat()
        const more = d.bindings - d.group.length
        return {
          head: `${d.text}  ${dim(`over ${d.bindings} ${d.bindings === 1 ? 'binding' : 'bindings'}`)}`,
          children: more > 0 ? [...shown, dim(`and ${more} more`)] : shown,
        }
      }
    }
  }

  #origin({ provenance }: Extract<Derivation, { kind: 'row' }>): string {
    if (!provenance) return ''
    const { place, source, readAt } = provenance
    const time = this.#options.times ? `, read ${readAt.replace('T', ' ')}` : ''
    return `  ${this.#paint.dim(`from ${place ?? source}${time}`)}`
  }
}

/** Why a tuple does not hold: for each rule that could give it, what held and where it stopped. */
export function absenceLines(absence: Absence, program: Program, paint: Context['paint']): string[] {
  const text = ({ table, row }: Absence['tuple']) => renderTuple(program, table, row)
  const lines = [`${paint.bold(text(absence.tuple))} does not hold`]
  if (absence.attempts.length === 0) lines.push('└─ no rule gives it and no row states it')
  for (const near of absence.nearest) lines.push(`  ${paint.dim('near')}   ${text(near)}`)
  for (const { rule, held, failed } of absence.attempts) {
    lines.push(`the rule at ${rule.span.file}:${rule.span.line}`)
    for (const literal of held) lines.push(`  ${paint.green('holds')}  ${literal.text}`)
    for (const { position, text: literal, nearest } of failed) {
      const asked = position === undefined ? undefined : rule.body[position]
      lines.push(`  ${paint.red('fails')}  ${literal}${position === undefined ? ', the head of the rule' : ''}`)
      const label = asked?.kind === 'atom' && asked.negated ? 'there' : 'near '
      for (const near of nearest) lines.push(`  ${paint.dim(label)}    ${text(near)}`)
      if (asked?.kind === 'atom' && !asked.negated && nearest.length === 0)
        lines.push(`  ${paint.dim('near     no row like it')}`)
    }
  }
  return lines
}
