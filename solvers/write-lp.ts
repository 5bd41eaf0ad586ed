import { chooseObjective, type ObjectiveChoice } from './choose-objective.ts'
import { escapeName, escapeNames } from './file-names.ts'
import type { Model, Objective } from './types.ts'

export interface WriteOptions {
  readonly objective?: ObjectiveChoice
  /** `readable` (default), or `numbered`: `c12`, `r3`, for readers whose answers are matched by number. */
  readonly names?: 'readable' | 'numbered'
}

/** A column fixed at 1 that carries an objective's constant, for readers that know none. No escaped name looks like it. */
export const ONE = 'constant#@one'

/** Line length to break at; the shortest limit among readers is 255. */
const WIDTH = 180

/**
 * A model in CPLEX LP format, as CBC, GLPK, HiGHS and SCIP read it.
 *
 * Names are escaped (see `file-names.ts`); a comment over each row says where it comes from. LP files have one objective: the first
 * unless told otherwise; the others follow as comments. A row with two different bounds is written as two. Every column occurs in
 * the objective, with 0 if need be, since readers refuse bounds of columns that they have not met.
 */
export function writeLp(model: Model, options: WriteOptions = {}): string {
  const one = chooseObjective(model, options.objective)
  const objective = one.objectives[0]!
  const { columns, rows } = one
  const numbered = options.names === 'numbered'
  const name = numbered ? (c: number) => `c${c}` : lookUp(escapeNames(columns.count, c => columns.name(c)))
  const rowName = numbered ? (r: number) => `r${r}` : lookUp(escapeNames(rows.count, r => rows.name(r)))
  const lines: string[] = []
  if (!numbered) lines.push(...heading(model))
  lines.push(
    'Minimize',
    ...broken(` ${numbered ? 'obj' : escapeName(objective.name)}:`, objectiveTerms(one, name, numbered)),
  )
  if (!numbered) lines.push(...otherObjectives(model, objective, name))

  lines.push('Subject To')
  for (let r = 0; r < rows.count; r++) {
    const comment = numbered ? undefined : rows.comment(r)
    if (comment !== undefined) lines.push(`\\ ${oneLine(comment)}`)
    const from = rows.rowStart[r]!
    const to = rows.rowStart[r + 1]!
    const terms = termsOf(rows.entryColumn.subarray(from, to), rows.entryValue.subarray(from, to), name)
    if (terms.length === 0) terms.push(`0 ${columns.count > 0 ? name(0) : ONE}`)
    const lower = rows.lower[r]!
    const upper = rows.upper[r]!
    if (lower === upper) lines.push(...broken(` ${rowName(r)}:`, terms, `= ${number(lower)}`))
    else if (!Number.isFinite(lower) && !Number.isFinite(upper)) lines.push(`\\ ${rowName(r)} has no bounds`)
    else {
      if (Number.isFinite(upper)) lines.push(...broken(` ${rowName(r)}:`, terms, `<= ${number(upper)}`))
      const again = Number.isFinite(upper) ? `${rowName(r)}#@low` : rowName(r)
      if (Number.isFinite(lower)) lines.push(...broken(` ${again}:`, terms, `>= ${number(lower)}`))
    }
  }
  // A section without a row is an error to some readers.
  if (rows.count === 0) lines.push(` none#@: 0 ${columns.count > 0 ? name(0) : ONE} <= 0`)

  lines.push('Bounds')
  const binaries: string[] = []
  const generals: string[] = []
  for (let c = 0; c < columns.count; c++) {
    const [lower, upper] = columnBounds(one, c)
    const binary = columns.integer[c] && lower === 0 && upper === 1
    if (binary) binaries.push(name(c))
    else if (columns.integer[c]) generals.push(name(c))
    if (!binary) lines.push(...boundLine(name(c), lower, upper))
  }
  if (needsOne(one)) lines.push(` ${ONE} = 1`)
  if (generals.length > 0) lines.push('Generals', ...broken('', generals))
  if (binaries.length > 0) lines.push('Binaries', ...broken('', binaries))
  lines.push('End', '')
  return lines.join('\n')
}

/** Bounds of a column, whole for integer ones: some readers refuse others. */
export function columnBounds({ columns }: Model, c: number): [lower: number, upper: number] {
  const lower = columns.lower[c]!
  const upper = columns.upper[c]!
  return columns.integer[c] ? [Math.ceil(lower), Math.floor(upper)] : [lower, upper]
}

/** Whether the objective needs the column `ONE`. */
export function needsOne(model: Model): boolean {
  return model.objectives[0]!.constant !== 0 || model.columns.count === 0
}

/** Shortest text that reads back as the same number. */
export function number(value: number): string {
  return Object.is(value, -0) ? '0' : String(value)
}

/** A comment has to stay on its line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

/** Lines that say what the file holds, without their comment mark. */
export function summary(model: Model): string[] {
  const objectives = model.objectives.map(o => o.name).join(', ')
  return [
    `${model.columns.count} columns, ${model.rows.count} rows, ${model.rows.rowStart[model.rows.count] ?? 0} entries`,
    `objectives, each minimised, an earlier one first: ${oneLine(objectives)}`,
    'in names, ( ) ~ stand for [ ] - and #hh for the character of that code',
  ]
}

function heading(model: Model): string[] {
  return summary(model).map(line => `\\ ${line}`)
}

function objectiveTerms(model: Model, name: (c: number) => string, every: boolean): string[] {
  const objective = model.objectives[0]!
  const value = new Float64Array(model.columns.count)
  for (let i = 0; i < objective.column.length; i++) value[objective.column[i]!] = objective.value[i]!
  const met = new Uint8Array(model.columns.count)
  for (let i = 0; i < model.rows.rowStart[model.rows.count]!; i++) met[model.rows.entryColumn[i]!] = 1
  const terms: string[] = []
  for (let c = 0; c < value.length; c++) if (every || value[c] !== 0 || !met[c]) terms.push(term(value[c]!, name(c)))
  if (needsOne(model)) terms.push(term(objective.constant, ONE))
  if (terms.length === 0) terms.push(term(0, name(0)))
  return terms
}

function otherObjectives(model: Model, chosen: Objective, name: (c: number) => string): string[] {
  return model.objectives
    .filter(o => o !== chosen)
    .flatMap(o => [
      `\\ objective ${oneLine(o.name)}, constant ${number(o.constant)}:`,
      ...broken('', termsOf(o.column, o.value, name)).map(line => `\\  ${line}`),
    ])
}

function termsOf(columns: Int32Array, values: Float64Array, name: (c: number) => string): string[] {
  return Array.from(columns, (c, i) => term(values[i]!, name(c)))
}

function term(value: number, name: string): string {
  const sign = value < 0 ? '-' : '+'
  return Math.abs(value) === 1 ? `${sign} ${name}` : `${sign} ${number(Math.abs(value))} ${name}`
}

/** Words joined to lines of limited width, the first after `head`, `tail` after the last. */
function broken(head: string, words: readonly string[], tail?: string): string[] {
  const lines: string[] = []
  let line = head
  for (const word of tail === undefined ? words : [...words, tail]) {
    if (line.length + word.length > WIDTH && line.trim() !== '') {
      lines.push(line)
      line = ' '
    }
    line += ` ${word}`
  }
  lines.push(line)
  return lines
}

function boundLine(name: string, lower: number, upper: number): string[] {
  if (lower === upper) return [` ${name} = ${number(lower)}`]
  if (lower === Number.NEGATIVE_INFINITY)
    return [upper === Number.POSITIVE_INFINITY ? ` ${name} free` : ` -inf <= ${name} <= ${number(upper)}`]
  if (upper === Number.POSITIVE_INFINITY) return lower === 0 ? [] : [` ${name} >= ${number(lower)}`]
  return [` ${number(lower)} <= ${name} <= ${number(upper)}`]
}

function lookUp(names: readonly string[]): (index: number) => string {
  return index => names[index]!
}
