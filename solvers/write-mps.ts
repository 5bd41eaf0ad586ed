import { chooseObjective } from './choose-objective.ts'
import { escapeName, escapeNames } from './file-names.ts'
import type { Model } from './types.ts'
import { columnBounds, needsOne, number, ONE, oneLine, summary, type WriteOptions } from './write-lp.ts'

/**
 * A model in free MPS format. Names, comments and the choice of the objective as in `writeLp`. An objective's constant goes into
 * a column fixed at 1, since readers differ on the sign of an objective's right-hand side. Rows without any bound are left out, with a comment.
 */
export function writeMps(model: Model, options: WriteOptions = {}): string {
  const one = chooseObjective(model, options.objective)
  const objective = one.objectives[0]!
  const { columns, rows } = one
  const numbered = options.names === 'numbered'
  const names = numbered ? undefined : escapeNames(columns.count, c => columns.name(c))
  const rowNames = numbered ? undefined : escapeNames(rows.count, r => rows.name(r))
  const name = (c: number) => names?.[c] ?? `c${c}`
  const rowName = (r: number) => rowNames?.[r] ?? `r${r}`
  // The objective's row must not share its name with another.
  const goal = numbered ? 'obj' : `${escapeName(objective.name)}#@objective`

  const lines = numbered ? [] : summary(model).map(line => `* ${line}`)
  lines.push('NAME usher', 'ROWS', ` N ${goal}`)
  for (let r = 0; r < rows.count; r++) {
    const comment = numbered ? undefined : rows.comment(r)
    if (comment !== undefined) lines.push(`* ${oneLine(comment)}`)
    const kind = kindOf(one, r)
    lines.push(kind ? ` ${kind} ${rowName(r)}` : `* ${rowName(r)} has no bounds`)
  }

  lines.push('COLUMNS')
  const byColumn = transpose(one)
  const cost = new Float64Array(columns.count)
  for (let i = 0; i < objective.column.length; i++) cost[objective.column[i]!] = objective.value[i]!
  let inIntegers = false
  const markers = { count: 0 }
  for (let c = 0; c < columns.count; c++) {
    if (Boolean(columns.integer[c]) !== inIntegers) lines.push(marker(markers, (inIntegers = !inIntegers)))
    lines.push(` ${name(c)} ${goal} ${number(cost[c]!)}`)
    for (let i = byColumn.start[c]!; i < byColumn.start[c + 1]!; i++)
      lines.push(` ${name(c)} ${rowName(byColumn.row[i]!)} ${number(byColumn.value[i]!)}`)
  }
  if (inIntegers) lines.push(marker(markers, false))
  if (needsOne(one)) lines.push(` ${ONE} ${goal} ${number(objective.constant)}`)

  lines.push('RHS')
  const ranges: string[] = []
  for (let r = 0; r < rows.count; r++) {
    const kind = kindOf(one, r)
    if (!kind) continue
    const side = kind === 'L' ? rows.upper[r]! : rows.lower[r]!
    if (side !== 0) lines.push(` RHS ${rowName(r)} ${number(side)}`)
    if (kind === 'G' && Number.isFinite(rows.upper[r]!))
      ranges.push(` RANGES ${rowName(r)} ${number(rows.upper[r]! - rows.lower[r]!)}`)
  }
  if (ranges.length > 0) lines.push('RANGES', ...ranges)

  lines.push('BOUNDS')
  for (let c = 0; c < columns.count; c++) lines.push(...boundLines(name(c), ...columnBounds(one, c)))
  if (needsOne(one)) lines.push(...boundLines(ONE, 1, 1))
  lines.push('ENDATA', '')
  return lines.join('\n')
}

function kindOf({ rows }: Model, r: number): 'E' | 'L' | 'G' | undefined {
  if (rows.lower[r] === rows.upper[r]) return 'E'
  if (Number.isFinite(rows.lower[r]!)) return 'G'
  return Number.isFinite(rows.upper[r]!) ? 'L' : undefined
}

function marker(markers: { count: number }, begin: boolean): string {
  return ` MARKER${markers.count++} 'MARKER' '${begin ? 'INTORG' : 'INTEND'}'`
}

/** Both bounds in full: readers differ on the default upper bound of an integer column, and on a lone negative upper bound. */
function boundLines(name: string, lower: number, upper: number): string[] {
  if (lower === upper) return [` FX BOUND ${name} ${number(lower)}`]
  if (lower === Number.NEGATIVE_INFINITY && upper === Number.POSITIVE_INFINITY) return [` FR BOUND ${name}`]
  return [
    lower === Number.NEGATIVE_INFINITY ? ` MI BOUND ${name}` : ` LO BOUND ${name} ${number(lower)}`,
    ...(upper === Number.POSITIVE_INFINITY ? [] : [` UP BOUND ${name} ${number(upper)}`]),
  ]
}

/** The entries of bounded rows by column. */
function transpose(model: Model): { start: Int32Array; row: Int32Array; value: Float64Array } {
  const { columns, rows } = model
  const start = new Int32Array(columns.count + 1)
  const bounded = (r: number) => kindOf(model, r) !== undefined
  for (let r = 0; r < rows.count; r++)
    if (bounded(r)) for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) start[rows.entryColumn[i]! + 1]!++
  for (let c = 0; c < columns.count; c++) start[c + 1]! += start[c]!
  const row = new Int32Array(start[columns.count]!)
  const value = new Float64Array(row.length)
  const next = start.slice()
  for (let r = 0; r < rows.count; r++) {
    if (!bounded(r)) continue
    for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) {
      const at = next[rows.entryColumn[i]!]!++
      row[at] = r
      value[at] = rows.entryValue[i]!
    }
  }
  return { start, row, value }
}
