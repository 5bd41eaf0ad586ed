import type { PlacementReport } from '../control/index.ts'
import type { Context } from './context.ts'
import { proofText } from './plan-text.ts'
import { volume } from './plan-views/units.ts'
import { count, figure } from './words.ts'

/** Hosts for new VMs, for people: the outcome in one line, who goes where, what has to be sent, what is left and why. */
export function placementText(report: PlacementReport, context: Context): void {
  const { paint } = context
  const { hosts, unplaced, moves, transfers } = report
  const total = hosts.length + unplaced.length
  const outcome =
    unplaced.length === 0
      ? `${paint.bold(count(total, 'VM'))} on ${count(new Set(hosts.map(h => h.host)).size, 'host')}`
      : `${paint.bold(`${hosts.length} of ${total} VMs`)} have a host`
  context.say(`${outcome}: ${violations(report, paint)}`)
  context.say(paint.dim(proofText(report)))
  if (hosts.length > 0) {
    context.say()
    context.table(
      [{ title: 'vm' }, { title: 'host' }],
      hosts.map(({ vm, host }) => [String(vm), String(host)]),
    )
  }
  if (moves.length > 0) movesFirst(report, context)
  if (transfers.length > 0) imagesFirst(report, context)
  leftovers(report, context)
}

function violations({ violationsBefore, violationsAfter }: PlacementReport, paint: Context['paint']): string {
  const [before, after] = [violationsBefore.length, violationsAfter.length]
  if (before === 0 && after === 0) return paint.green('no violation')
  return `violations ${before} → ${after === 0 ? paint.green('0') : paint.red(String(after))}`
}

function movesFirst({ moves }: PlacementReport, context: Context): void {
  context.say()
  context.heading('To be moved first')
  context.table(
    [
      { title: 'step', align: 'right' },
      { title: 'vm' },
      { title: 'from' },
      { title: 'to' },
      { title: 'cost', align: 'right' },
    ],
    moves.map(m => [
      String(m.step),
      String(m.vm),
      String(m.from),
      String(m.to) + (m.parking ? ' (a stop on the way)' : ''),
      figure(m.cost),
    ]),
  )
}

function imagesFirst({ transfers }: PlacementReport, context: Context): void {
  context.say()
  context.heading('Images to be sent')
  context.table(
    [{ title: 'image' }, { title: 'to' }, { title: 'size', align: 'right' }, { title: 'for', align: 'right' }],
    transfers.map(t => [String(t.image), String(t.host), volume(t.mib), count(t.vms, 'VM')]),
  )
  const total = transfers.reduce((sum, t) => sum + t.mib, 0)
  context.say(`${count(transfers.length, 'transfer')}, ${volume(total)}`)
}

function leftovers(report: PlacementReport, context: Context): void {
  const { paint } = context
  for (const { vm, conflict, note } of report.unplaced) {
    context.say()
    context.say(`${paint.yellow('has no host')}: ${vm}`)
    if (note !== undefined) context.say(`  ${note}`)
    if (conflict.length > 0) context.say('  because these stand against each other:')
    for (const part of conflict) context.say(`    ${part.instance}  ${paint.dim(part.rule)}`)
  }
  if (report.violationsAfter.length > 0) context.say()
  for (const { role, text } of report.violationsAfter) context.say(`${paint.yellow(`${role} that stays`)}: ${text}`)
  for (const { vm, from, to, reason } of report.impossible)
    context.say(`${paint.yellow('left out')}: ${vm} from ${from} to ${to}: ${reason}`)
  for (const { rule, reason } of report.refused)
    context.say(`${paint.yellow('not given to the solver')}: ${rule}: ${reason}; it is still checked`)
  for (const { solver, reason } of report.declined) context.say(paint.dim(`${solver} declined: ${reason}`))
}
