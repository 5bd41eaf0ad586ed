import type { Value } from '../tables/index.ts'
import { UNPLACED } from './decision.ts'
import { NOT_PLACED, withNewVms } from './new-vms-program.ts'
import { place } from './place.ts'
import { presentEvaluator } from './problem.ts'
import type { Aim, PlaceInput, PlaceOptions, RuleInstance, Target, TargetMove, Violation } from './types.ts'

/** A new VM that no host can take, and the rule instances and facts that stand against it. */
export interface Unplaced {
  readonly vm: Value
  readonly conflict: readonly RuleInstance[]
  /** Set when `conflict` is empty or does not say all. */
  readonly note?: string
}

/** Hosts for new VMs. */
export interface NewPlacement {
  readonly hosts: ReadonlyMap<Value, Value>
  readonly unplaced: readonly Unplaced[]
  /** Of VMs that exist, towards the same end; they have to be made first. */
  readonly moves: readonly TargetMove[]
  /** Before: as the cloud is, without the new VMs. */
  readonly violationsBefore: readonly Violation[]
  readonly violationsAfter: readonly Violation[]
  readonly aims: readonly Aim[]
  readonly proof: Target['proof']
  /** The target it was read off, in which VMs without a host stand at a host that does not exist. */
  readonly target: Target
}

export interface PlaceNewOptions extends PlaceOptions {
  /** VMs that exist may move too. */
  readonly moveOthers?: boolean
}

/** Errors that a VM without a host counts as at most, in one model with all that the policy says. */
const MOST_TIMES = 50
/** Shares of the time: everything at once, how many can be placed at all, these as well as can be. */
const SHARES = { together: 0.5, most: 0.25, best: 0.25 }
const DEFAULT_SECONDS = 60

/**
 * Hosts for VMs that are not on one yet, under the same rules as for those that are. Where all of them can be placed with no more errors
 * than there are now, all are: with the fewest errors, then warnings, then costs. Where not: the fewest errors, then the most VMs placed,
 * then warnings and costs. Coming to a host is no migration: it costs nothing, is in no budget, and `placement:moved` does not hold for
 * it.
 *
 * One solve decides the first case, in which a VM without a host counts as more errors than there are. The second takes two more: how
 * many can be placed beside the least errors, and these placed as well as can be. The first of them also settles which VMs stay out; how
 * many is proven best, which is not weighed.
 * @param input its tables have the rows that describe the new VMs, and none in `nova:location`
 */
export async function placeNew(
  input: PlaceInput,
  vms: readonly Value[],
  { moveOthers = false, ...options }: PlaceNewOptions = {},
): Promise<NewPlacement> {
  const seconds = options.timeLimitSeconds ?? DEFAULT_SECONDS
  const limited = (share: number, placed: readonly Value[]): PlaceOptions => ({
    ...options,
    timeLimitSeconds: seconds * share,
    within: moveOthers ? (options.within ?? {}) : { ...options.within, vms: new Set(placed) },
    explain: false,
  })
  const before = errorsNow(input)
  if (before < MOST_TIMES) {
    const times = before + 1
    const target = await place(withNewVms(input, vms, { as: 'error', times }), limited(SHARES.together, vms))
    const found = readOff(target, vms, times)
    if (found.unplaced.length === 0 && errorsIn(found.violationsAfter) <= before) return found
  }
  const most = await place(withNewVms(input, vms, { as: 'warning' }), {
    ...limited(SHARES.most, vms),
    explain: options.explain ?? true,
  })
  const first = readOff(most, vms, 1)
  const left = new Map(first.unplaced.map(u => [u.vm, u]))
  const placed = vms.filter(vm => !left.has(vm))
  const times = Math.min(MOST_TIMES, errorsIn(first.violationsAfter) + 1)
  const target = await place(withNewVms(input, placed, { as: 'error', times }), limited(SHARES.best, placed))
  const best = readOff(target, placed, times)
  return {
    ...best,
    unplaced: [...left.values(), ...best.unplaced],
    proof: most.proof === 'optimal' ? best.proof : 'none',
  }
}

function errorsNow(input: PlaceInput): number {
  const { view } = presentEvaluator(input)
  let errors = 0
  for (const { name, role } of input.program.tables.values()) if (role === 'error') errors += view.count(name)
  return errors
}

const errorsIn = (violations: readonly Violation[]): number => violations.filter(v => v.role === 'error').length

/** What a target says of new VMs, with what stands in for "it has no host" taken out. */
function readOff(target: Target, vms: readonly Value[], times: number): NewPlacement {
  const hosts = new Map<Value, Value>()
  const unplaced: Unplaced[] = []
  for (const vm of vms) {
    const host = target.placement.get(vm) ?? UNPLACED
    if (host === UNPLACED) unplaced.push({ vm, ...whyNot(target, vm) })
    else hosts.set(vm, host)
  }
  const policy = (violations: readonly Violation[]) => violations.filter(v => v.table !== NOT_PLACED)
  const isNew = new Set(vms)
  const counted = target.violationsBefore.some(v => v.table === NOT_PLACED && v.role === 'error')
    ? 'errors'
    : 'warnings'
  return {
    hosts,
    unplaced,
    moves: target.moves.filter(move => !isNew.has(move.vm)),
    violationsBefore: policy(target.violationsBefore),
    violationsAfter: policy(target.violationsAfter),
    aims: target.aims.map(aim =>
      aim.name === counted
        ? { ...aim, before: aim.before - times * vms.length, after: aim.after - times * unplaced.length }
        : aim.name === 'moves'
          ? { ...aim, after: aim.after - hosts.size, bound: aim.bound - vms.length }
          : aim,
    ),
    proof: target.proof,
    target,
  }
}

function whyNot(target: Target, vm: Value): Omit<Unplaced, 'vm'> {
  const violation = target.violationsAfter.find(v => v.table === NOT_PLACED && v.row[0] === vm)
  const found = target.unsatisfied.find(u => u.instance === violation?.text)
  const conflict = found?.conflict ?? []
  if (target.candidates(vm).every(h => h === UNPLACED)) {
    const rules = conflict.filter(c => c.rule.startsWith('candidate '))
    return {
      conflict: rules.map(({ rule }) => ({ rule, instance: `no host is a candidate for ${vm}` })),
      note: 'no host may take it: none is up, enabled, in its zone and a candidate',
    }
  }
  return { conflict, ...(found?.note !== undefined && { note: found.note }), ...(!found && { note: 'not worked out' }) }
}
