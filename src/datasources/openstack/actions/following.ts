import { failed, type Progress, type Remedy, running, type Trace } from './action-type.ts'
import { type InstanceAction, type Migration, type Nova, type Server, SILENT_MS, silentFor } from './nova.ts'

/** What a server's history held before an action was sent: whatever is later is the action's own. */
export type ServerTrace = Trace & {
  /** The highest number of a migration of it; 0: it had none. */
  readonly migration: number
  /** The last thing asked of it. */
  readonly request: string | null
}

/** The history as it is now. */
export async function traceOf(nova: Nova, vm: string): Promise<ServerTrace> {
  const [migrations, actions] = await Promise.all([nova.migrations(vm), nova.actions(vm)])
  return { migration: migrations.at(-1)?.id ?? 0, request: actions[0]?.request_id ?? null }
}

/** The history before an action that is under way already. */
export async function traceBefore(nova: Nova, vm: string, migration: Migration, action: string): Promise<ServerTrace> {
  const actions = await nova.actions(vm)
  const own = actions.findIndex(each => each.action === action)
  return { migration: migration.id - 1, request: (own < 0 ? actions[0] : actions[own + 1])?.request_id ?? null }
}

/** Checks before a migration, which may wait for answers, are over in less. */
const FORGOTTEN_MS = 300_000

/** Things of this name asked of the server since, oldest first. */
export function askedSince(
  actions: readonly InstanceAction[],
  trace: ServerTrace,
  names: readonly string[],
): InstanceAction[] {
  const before = actions.findIndex(each => each.request_id === trace.request)
  return (before < 0 ? [...actions] : actions.slice(0, before)).filter(each => names.includes(each.action)).reverse()
}

/** A migration of a kind, as its progress is read. */
export interface MigrationKind {
  /** `migration_type` in Nova's records. */
  readonly type: 'live-migration' | 'migration' | 'evacuation'
  /** How Nova calls what was asked. */
  readonly action: string
  /** Statuses with which it has ended well. */
  readonly ended: ReadonlySet<string>
  /** For people: `live migration`. */
  readonly words: string
}

const BROKEN = new Set(['error', 'failed', 'cancelled', 'reverted'])

/** Whether a migration still goes on. */
export function isUnderWay(migration: Migration, kind: MigrationKind): boolean {
  return migration.migration_type === kind.type && !kind.ended.has(migration.status) && !BROKEN.has(migration.status)
}

/** Whether a migration may be one to this host: it goes there, or where is not decided, or any host will do. */
export function goesTo(migration: Migration, host: string | undefined): boolean {
  return !migration.dest_compute || host === undefined || migration.dest_compute === host
}

/**
 * What became of a migration. Nova accepts nearly everything with 202 and refuses later, so only its migration record and the record of
 * what was asked tell: the server alone may be active on the target while its migration still runs, and active on the source while it
 * has not begun.
 */
export async function followMigration(
  nova: Nova,
  kind: MigrationKind,
  { vm, host }: { readonly vm: string; readonly host?: string | undefined },
  trace: ServerTrace,
): Promise<Progress> {
  const server = await nova.server(vm)
  if (!server) return failed('the VM is gone', 'never')
  const [migrations, actions] = await Promise.all([nova.migrations(vm), nova.actions(vm)])
  const own = migrations.find(m => m.id > trace.migration && m.migration_type === kind.type && goesTo(m, host))
  const [asked] = askedSince(actions, trace, [kind.action])
  if (!own && !asked) return { kind: 'unknown' }
  const halfWay = whyHalfWay(server, migrations.at(-1))
  if (halfWay !== undefined) return failed(halfWay, 'never')
  if (own && kind.ended.has(own.status))
    // The server was read before its record, and may have arrived in between.
    return arrived(await nova.server(vm), host ?? own.dest_compute ?? undefined, kind)
  if (own && !BROKEN.has(own.status) && kind.type !== 'evacuation' && (await isDown(nova, own.source_compute)))
    return failed(`the host \`${own.source_compute}\` is down, and the VM was on its way from it`, 'again')
  const isOver = isFailedEvacuation(asked)
  const broken = own ? BROKEN.has(own.status) || isOver : asked?.message === 'Error'
  const forsaken = whyForsaken(server, own, own === migrations.at(-1), asked, kind)
  if (forsaken !== undefined) {
    await nova.resetState(server.id, 'active')
    return failed(forsaken, 'again')
  }
  // Until the task is over, Nova still puts things back.
  if (!broken || (server.task !== undefined && !isOver)) return running(own ? own.status : 'asked for')
  return whyBroken(nova, server, kind, own, asked)
}

/**
 * Whether an evacuation is over though its record and the VM's task may say for ever that it goes on: the target refused it because Nova
 * ended something else of the VM meanwhile (a live migration off the dead host), and put nothing right.
 */
export function isFailedEvacuation(asked: InstanceAction | undefined): boolean {
  return asked?.action === 'evacuate' && asked.message === 'Error'
}

/** Its records stay as they were for ever when a host dies. */
export async function isDown(nova: Nova, host: string | null | undefined): Promise<boolean> {
  const service = typeof host === 'string' ? await nova.computeService(host) : undefined
  return service?.state === 'down' && silentFor(service, Date.now()) >= SILENT_MS
}

/** Why nobody carries out any more what the VM is held for; undefined: somebody does, as far as is known. */
function whyForsaken(
  server: Server,
  own: Migration | undefined,
  isLast: boolean,
  asked: InstanceAction | undefined,
  { words }: MigrationKind,
): string | undefined {
  if (own && isLast && isAbandoned(server, own)) return `Nova gave the ${words} up in the midst of putting things back`
  return (own ? isForgotten(own) : isLost(server, asked)) ? `Nova lost the order of the ${words} on its way` : undefined
}

/**
 * Putting things back after a failure can fail too (Keystone is away): then the VM runs where it was, and stays in its task for ever. It
 * takes seconds where it goes well.
 */
function isAbandoned(server: Server, own: Migration): boolean {
  const failedHere = (own.status === 'error' || own.status === 'failed') && server.host === own.source_compute
  const isStuck = server.task === 'migrating' && server.state === 'active'
  return failedHere && isStuck && own.updated_at != null && silentFor(own, Date.now()) >= SILENT_MS
}

/** Whether the source has ended a live migration, and to Nova the VM is there all the same. */
export function isHalfWay(server: Server, last: Migration | undefined): boolean {
  const hasLeft = last?.migration_type === 'live-migration' && last.status === 'completed'
  return hasLeft && server.task === 'migrating' && last.source_compute === server.host
}

/**
 * The target died, or lost what it was told, while the VM arrived: its guest is there, or was, and Nova's record of it stays with the
 * source and in its task for ever. Only a person can tell what is left of it. Undefined: it is not so, or may yet come right.
 */
export function whyHalfWay(server: Server, last: Migration | undefined): string | undefined {
  if (!last || !isHalfWay(server, last) || silentFor(last, Date.now()) < SILENT_MS) return undefined
  return `the live migration left the VM in its task: it has gone to \`${last.dest_compute}\`, which has not taken it up, and Nova still has it on \`${server.host}\``
}

/** Nova's API marks the VM and passes the order on; when the message queue goes away then, nobody has it, and nothing is recorded. */
export function isLost(server: Server, asked: InstanceAction | undefined): boolean {
  const isStuck = server.task === 'migrating' && server.state === 'active'
  const isOpen = asked?.action === 'live-migration' && asked.message !== 'Error' && asked.start_time != null
  return isStuck && isOpen && silentFor({ updated_at: asked.start_time }, Date.now()) >= SILENT_MS
}

/** The same between the conductor, which records it, and the compute, which takes it up at once or queues it. */
function isForgotten(own: Migration): boolean {
  const isLive = own.migration_type === 'live-migration' && own.status === 'accepted'
  return isLive && own.updated_at != null && silentFor(own, Date.now()) >= FORGOTTEN_MS
}

function arrived(server: Server | undefined, host: string | undefined, kind: MigrationKind): Progress {
  if (!server) return failed('the VM is gone', 'never')
  if (server.task !== undefined) return running(server.task)
  if (server.status === 'ERROR') return failed(`the ${kind.words} left the VM in ERROR on \`${server.host}\``, 'never')
  if (host !== undefined && server.host !== host)
    return failed(`the ${kind.words} ended on \`${server.host}\``, 'again')
  return { kind: 'succeeded' }
}

async function whyBroken(
  nova: Nova,
  server: Server,
  kind: MigrationKind,
  own: Migration | undefined,
  asked: InstanceAction | undefined,
): Promise<Progress> {
  const failure = asked && (await nova.failureOf(server.id, asked.request_id))
  const said = failure?.words ? `: ${failure.words}` : ''
  if (own?.status === 'cancelled') return failed(`the ${kind.words} was cancelled`, 'never')
  if (server.status === 'ERROR' && own && !own.dest_compute && server.host === own.source_compute) {
    // Nova lost an answer of its own before any host had a part in it: the VM runs as before, and only its state is wrong.
    await nova.resetState(server.id, 'active')
    return failed(`the ${kind.words} did not begin${said}`, 'again')
  }
  // Nova calls every VM ERROR whose evacuation failed. It is still its dead host's, runs nowhere, and may be evacuated again.
  if (server.status === 'ERROR' && kind.type === 'evacuation' && server.host === own?.source_compute)
    return failed(`the ${kind.words} failed${said}`, failure?.words.includes('No valid host') ? 'elsewhere' : 'again')
  if (server.status === 'ERROR')
    return failed(`the ${kind.words} left the VM in ERROR on \`${server.host}\`${said}`, 'never')
  const remedy = remedyOf(own, failure?.event)
  return failed(
    remedy === 'elsewhere'
      ? `Nova does not let the VM go to that host${said}`
      : `the ${kind.words} failed${said || ` with status ${own?.status ?? 'error'}`}`,
    remedy,
  )
}

/** Where the scheduler or the checks before a migration said no, the same host will say no again. Mid-way, chance may have a part. */
function remedyOf(own: Migration | undefined, event: string | undefined): Remedy {
  const refusedBefore = !own?.dest_compute || event?.includes('check_can_live_migrate') === true
  return refusedBefore || event === 'conductor_live_migrate_instance' ? 'elsewhere' : 'again'
}
