import type { ComparisonRow, PlanReport } from '../control/index.ts'
import type { Context } from './context.ts'
import { ganttText } from './plan-views/gantt.ts'
import { duration, energyADay, powerChange, volume } from './plan-views/units.ts'
import { count, figure } from './words.ts'

/** Hosts named in one cell of a table. */
const HOSTS_NAMED = 4

/** A plan for people: the outcome in one line, the moves, what is left and why. */
export function planText(report: PlanReport, context: Context): void {
  const { paint } = context
  context.say(outcome(report, paint))
  context.say(paint.dim(proofText(report)))
  if (report.moves.length + report.copies.length > 0) context.say(expected(report))
  if (report.power) context.say(powerText(report.power))
  if (report.moves.length > 0) {
    context.say()
    movesTable(report, context)
  }
  if (report.copies.length > 0) {
    context.say()
    copiesTable(report, context)
  }
  if (report.moves.length + report.copies.length > 1) {
    context.say()
    ganttText(report, context)
  }
  leftovers(report, context)
}

function outcome(report: PlanReport, paint: Context['paint']): string {
  const before = report.violationsBefore.length
  const after = report.violationsAfter.length
  const violations =
    before === 0 && after === 0
      ? paint.green('no violation')
      : `violations ${before} → ${after === 0 ? paint.green('0') : paint.red(String(after))}`
  if (report.moves.length === 0) return `${paint.bold('Nothing to move')}: ${violations}`
  return `${paint.bold(count(report.moves.length, 'move'))}, cost ${figure(report.cost)}: ${violations}`
}

function expected({ makespan, likely, volume: mib }: PlanReport): string {
  return `expected to take ${duration(makespan)} (likely ${duration(likely.low)} to ${duration(likely.high)}), ${volume(mib)} over the network`
}

/** How good the answer is, and how it was found. */
export function proofText(report: Pick<PlanReport, 'proof' | 'model' | 'solver' | 'elapsedMs'>): string {
  const proof = {
    optimal: 'proven optimal',
    gap: 'proven within a gap of the optimum',
    none: 'best found, no proof',
  }[report.proof]
  const { columns, rows } = report.model
  return `${proof} · ${report.solver} · model of ${count(columns, 'column')} and ${count(rows, 'row')} · ${report.elapsedMs.toFixed(0)} ms`
}

/** Images that are brought to hosts first, by who sends them. */
function copiesTable({ copies }: PlanReport, context: Context): void {
  const routes = new Map<string, PlanReport['copies'][number][]>()
  for (const copy of copies) {
    const key = JSON.stringify([copy.image, copy.from])
    routes.set(key, [...(routes.get(key) ?? []), copy])
  }
  context.table(
    [
      { title: 'image' },
      { title: 'from' },
      { title: 'to' },
      { title: 'size', align: 'right' },
      { title: 'seconds', align: 'right' },
    ],
    [...routes.values()].map(list => [
      String(list[0]!.image),
      String(list[0]!.from),
      hostNames(list.map(copy => String(copy.to))),
      volume(list[0]!.volume),
      `${figure(list[0]!.start, 1)} to ${figure(Math.max(...list.map(copy => copy.end)), 1)}`,
    ]),
  )
}

const hostNames = (names: readonly string[]) =>
  names.length > HOSTS_NAMED
    ? `${names.slice(0, HOSTS_NAMED).join(', ')} and ${names.length - HOSTS_NAMED} more`
    : names.join(', ')

/** What the policy's own figures say that the plan saves. */
function powerText(power: NonNullable<PlanReport['power']>): string {
  const { before, after } = power
  return `power ${powerChange(power)}${before === after ? '' : `: ${energyADay(before - after)}`}`
}

/** The migrations in order; moves of one step may run at the same time. */
export function movesTable(report: PlanReport, context: Context): void {
  context.table(
    [
      { title: 'step', align: 'right' },
      { title: 'vm' },
      { title: 'from' },
      { title: 'to' },
      { title: 'cost', align: 'right' },
      { title: 'because' },
    ],
    report.moves.map(move => [
      String(move.step),
      String(move.vm),
      String(move.from),
      String(move.to) + (move.parking ? ' (a stop on the way)' : ''),
      figure(move.cost),
      because(move.because),
    ]),
  )
}

function because(reasons: PlanReport['moves'][number]['because']): string {
  const shown = reasons.slice(0, 2).map(reason => `${reason.instance} (${reason.rule})`)
  return [...shown, ...(reasons.length > 2 ? [`and ${reasons.length - 2} more`] : [])].join('\n')
}

function leftovers(report: PlanReport, context: Context): void {
  const { paint } = context
  const aims = report.aims.filter(aim => aim.name.startsWith('cost') && aim.before !== aim.after)
  for (const aim of aims) context.say(`${aim.name}: ${figure(aim.before)} → ${figure(aim.after)}`)
  for (const left of report.unsatisfied) {
    context.say()
    // A cost is a wish: it is not broken, it stays dearer than one would like.
    if (left.rule.startsWith('cost')) context.say(`${paint.yellow('no better')}: ${left.rule}: ${left.instance}`)
    else context.say(`${paint.yellow('can not be kept')}: ${left.instance}  ${paint.dim(left.rule)}`)
    if (left.brokenFor) context.say(`  it holds now; given up for ${left.brokenFor}`)
    if (left.note) context.say(`  ${left.note}`)
    if (left.conflict.length > 0) context.say('  because these stand against each other:')
    for (const part of left.conflict) context.say(`    ${part.instance}  ${paint.dim(part.rule)}`)
    const concessions = left.concessions ?? []
    if (concessions.length > 0) context.say('  any one of these would free it:')
    for (const { what, cost } of concessions)
      context.say(`    ${what}  ${paint.dim(`then migrations cost ${figure(cost)}`)}`)
  }
  if (report.smallestBudget !== null) {
    context.say()
    context.say(`A migration budget of ${figure(report.smallestBudget)} would be the smallest that helps.`)
  }
  for (const { rule, reason } of report.refused)
    context.say(`${paint.yellow('not given to the solver')}: ${rule}: ${reason}; it is still checked`)
  for (const { vm, from, to, reason } of report.impossible)
    context.say(`${paint.yellow('left out')}: ${vm} from ${from} to ${to}: ${reason}`)
  for (const { vm, from, to, reason } of report.setAside)
    context.say(`${paint.yellow('set aside')}: ${vm} from ${from} to ${to}: ${reason}`)
  for (const { vm, reason } of report.held) context.say(`${paint.yellow('held')}: ${vm}: ${reason}`)
  for (const { violation, during } of report.brokenOnTheWay)
    context.say(`${paint.yellow('broken for a while')}: ${violation} during ${during.join(', ')}`)
  for (const { solver, reason } of report.declined) context.say(paint.dim(`${solver} declined: ${reason}`))
}

/** Placements side by side: the plan first, then those of the user's file. */
export function comparisonTable(rows: readonly ComparisonRow[], context: Context): void {
  const { paint } = context
  context.table(
    [
      { title: 'placement' },
      { title: 'moves', align: 'right' },
      { title: 'cost', align: 'right' },
      { title: 'violations', align: 'right' },
      { title: 'verdict' },
    ],
    rows.map(row => [
      row.name,
      String(row.moves),
      figure(row.cost),
      row.violations.length === 0 ? '0' : paint.red(String(row.violations.length)),
      row.best ? paint.green(row.verdict) : row.verdict,
    ]),
  )
}
