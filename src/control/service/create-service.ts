import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Logger, pino } from 'pino'
import {
  type Environment,
  type LiveSource,
  openSources,
  type PlaceInFile,
  storeJournal,
} from '../../datasources/index.ts'
import { DiagnosticError } from '../../diagnostic/index.ts'
import type { Store } from '../../store/index.ts'
import { type Clock, createEngine, createRunner, standardActions } from '../../workflow/index.ts'
import type { ServiceConfig } from './config.ts'
import { CloudActions } from './cycle/cloud-actions.ts'
import { ControlLoop } from './cycle/control-loop.ts'
import { Domains } from './cycle/domains.ts'
import { Firings } from './cycle/firings.ts'
import { Measures } from './cycle/measures.ts'
import { PlanBook } from './cycle/plan-book.ts'
import { ExceptionList } from './exceptions.ts'
import { measure } from './measure.ts'
import { openDatabase } from './open-database.ts'
import { forLog, isStoreFault, type Parts, systemClock } from './parts.ts'
import { PlacementDesk } from './placements.ts'
import { PolicyBook } from './policies.ts'
import { importPolicies } from './policy-import.ts'
import { previewPolicy } from './preview.ts'
import { Pushes } from './pushes.ts'
import { readAudit } from './record/audit.ts'
import { EventLog } from './record/event-log.ts'
import { FreshnessRecorder } from './record/freshness-recorder.ts'
import { Lease } from './record/lease.ts'
import { Retention } from './record/retention.ts'
import { ViolationRecorder } from './record/violation-recorder.ts'
import { WorldRecorder } from './record/world-recorder.ts'
import { RefusalList } from './refusal-list.ts'
import { SnapshotShelf } from './snapshots.ts'
import { TableReader } from './tables.ts'
import { JobThread } from './thread/pool.ts'
import type { Health, Service } from './types.ts'
import { ViolationReader } from './violations.ts'
import { DELIVER, WebhookDesk } from './webhooks.ts'
import { WorkflowDesk } from './workflows.ts'
import { LiveWorld } from './world/live-world.ts'
import { ViolationBook } from './world/violation-book.ts'

/** What a service may be given instead of making it from its configuration. Who gives a store closes it. */
export interface ServiceParts {
  readonly sources?: readonly LiveSource[]
  readonly store?: Store
  readonly clock?: Clock
  readonly log?: Logger
  /** Variables for the database's key and for data sources of the configuration; and, for those, the folder paths are relative to, where entries of the file stand. */
  readonly environment?: Environment
  readonly base?: string
  readonly placeOf?: PlaceInFile
}

const UNREAD = new Set(['unread'] as const)

/**
 * Bring the service up: the database with its tables, the data sources, the policies, and everything that works by itself. Resolves
 * when every source was read once, well or badly, or takes longer than some seconds: until it was, `health` says so.
 * @throws DiagnosticError when the database can't be opened, or the configuration names what is not there
 */
export async function createService(config: ServiceConfig, given: ServiceParts = {}): Promise<Service> {
  const log = given.log ?? pino({ level: config.log.level })
  const replica = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const store =
    given.store ??
    (await openDatabase(config, given.environment ?? {}, error =>
      log.warn(forLog(error), 'signals of the database were lost for a moment'),
    ))
  const sources = given.sources ?? (await sourcesOf(config, given, store))
  const parts: Parts = { config, store, clock: given.clock ?? systemClock, log: log.child({ replica }), replica }

  const world = new LiveWorld(parts, sources)
  const book = new ViolationBook(world, parts)
  const events = new EventLog(parts)
  const exceptions = new ExceptionList(parts, world, events)
  const refusals = new RefusalList(parts, world)
  const thread = new JobThread()
  const engine = createEngine(store)
  const policies: PolicyBook = new PolicyBook(parts, world, events, async (records, request) =>
    previewPolicy(
      parts,
      world,
      exceptions,
      thread,
      records,
      request,
      request.snapshot === undefined ? undefined : await snapshots.tables(request.snapshot),
    ),
  )
  const snapshots: SnapshotShelf = new SnapshotShelf(parts, world, policies)
  const pushes = new Pushes(parts, sources)
  let isUp = false
  // Before the policies are there, what they say is nothing; a policy that is stopped says nothing, and nothing of it has ended.
  const isSettled = (table: string) => isUp && !world.isHeldBack(table) && world.doubts(table, UNREAD).length === 0
  const recording = new Lease(parts, 'recorder', (held, uninterrupted) => {
    if (held && !uninterrupted) lookAgain()
    else if (held) {
      recorder.work()
      firings.look()
    }
  })
  const recorder = new ViolationRecorder(parts, book, events, recording, isSettled)
  const freshness = new FreshnessRecorder(parts, world, events, recording, () => lookAgain())
  const worldRecorder = new WorldRecorder(parts, world, events, recording)
  const webhooks = new WebhookDesk(parts, engine, recording)
  const firings = new Firings(parts, world, events, recording, engine, isSettled)
  const actions = new CloudActions(parts, world, exceptions, engine)
  const plans = new PlanBook(parts, world, events, actions)
  const domains = new Domains(config.control.domains, world)
  const measures = new Measures()
  const lookAgain = () => {
    recorder.compare()
    firings.look()
  }

  await exceptions.load()
  await refusals.load()
  await pushes.look()
  await policies.start()
  isUp = true
  await importPolicies(parts, policies)
  await world.start(lookAgain)
  lookAgain()
  const runner = createRunner(
    store,
    engine,
    { ...standardActions(), [DELIVER]: webhooks.action(), ...actions.all() },
    {
      concurrency: 50,
      leaseMs: config.control.lease * 1000,
      onFault: error => log[isStoreFault(error) ? 'warn' : 'error'](forLog(error), 'a workflow task met a fault'),
    },
  )
  const around = { parts, world, book, policies, exceptions, domains, refusals }
  const loop = new ControlLoop({ ...around, events, plans, actions, engine, runner, thread, measures })
  const retention = new Retention(parts, recording)
  const metrics = measure(parts, { ...around, measures, thread, recorder, worldRecorder, actions, loop })
  parts.log.info({ sources: sources.map(({ name }) => name), policies: policies.records.length }, 'the service runs')

  return {
    policies,
    violations: new ViolationReader(parts, world, book, exceptions, refusals),
    exceptions,
    tables: new TableReader(parts, world, policies, pushes, engine),
    plans,
    placements: new PlacementDesk(parts, world, domains, exceptions, thread, () => loop.look()),
    snapshots,
    workflows: new WorkflowDesk(parts, engine, events),
    events,
    webhooks,
    audit: request => readAudit(parts, request),
    health: () => healthOf(parts, world),
    readings: () => metrics.readings(),
    async stop() {
      metrics.stop()
      retention.stop()
      // Moves that were begun go on in the cloud; whoever runs next hears of their end.
      await Promise.all([
        ...[loop.stop(), thread.stop(), runner.stop()],
        ...[firings.stop(), webhooks.stop(), recorder.stop()],
      ])
      freshness.stop()
      worldRecorder.stop()
      actions.stop()
      await recording.release().catch(error => parts.log.warn(forLog(error), 'a lease could not be given back'))
      await policies.stop()
      await pushes.stop()
      exceptions.stop()
      refusals.stop()
      events.stop()
      book.stop()
      await world.stop()
      if (!given.store) await store.close()
      parts.log.info('the service has stopped')
    },
  }
}

async function sourcesOf(
  { datasources }: ServiceConfig,
  { environment = {}, base = '.', placeOf }: ServiceParts,
  store: Store,
): Promise<readonly LiveSource[]> {
  return openSources(datasources, {
    ...{ environment, base, journal: await storeJournal(store) },
    ...(placeOf && { placeOf: way => placeOf(['datasources', ...way]) }),
  })
}

async function healthOf({ store }: Parts, world: LiveWorld): Promise<Health> {
  const reasons: { part: string; message: string }[] = []
  try {
    await store.db.selectFrom('counters').select('name').limit(1).execute()
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    reasons.push({ part: 'database', message: error.message })
  }
  const starting = world.sources.filter(source => source.status().state === 'starting' || !world.isFollowed(source))
  for (const { name } of starting)
    reasons.push({ part: 'tables', message: `the data source \`${name}\` was not read yet` })
  return { ready: reasons.length === 0, reasons }
}
