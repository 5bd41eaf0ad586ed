import { v7 as newId } from 'uuid'
import { type Diagnostic, DiagnosticError, fail, nearestName } from '../../diagnostic/index.ts'
import { type Program, parsePolicy } from '../../language/index.ts'
import type { StoreTransaction } from '../../store/index.ts'
import { limitOf, pageOf, pageOfSorted, readCursor } from './page.ts'
import { forLog, type Parts } from './parts.ts'
import { readLibrary } from './policy-folder.ts'
import { detailOf, etagOf, type PolicyRecord, summaryOf } from './policy-record.ts'
import { appendRule, cutRule, rulesOf } from './policy-rules.ts'
import { writeAudit } from './record/audit.ts'
import { countUp, readCounter } from './record/counters.ts'
import type { EventLog } from './record/event-log.ts'
import type {
  Actor,
  ChangeGuard,
  Page,
  PageRequest,
  Policies,
  PolicyDetail,
  PolicyDraft,
  PolicyRule,
  PolicySummary,
  Preview,
  PreviewRequest,
} from './types.ts'
import type { LiveWorld } from './world/live-world.ts'
import { check, checkLeniently, checkStrictly, withoutActionsOf } from './world/program.ts'

/** Topic of the store's signals: a policy changed. */
const TOPIC = 'service-policies'
/** Milliseconds after which the database is looked at though nothing was heard. */
const LOOK_MS = 2000
/** How often a change is tried again when others changed policies meanwhile. */
const TRIES = 5

const SYSTEM_NAMES = new Set(['builtin', 'usher'])

/**
 * Policies: kept in the database, with all versions; the active ones evaluated in this process. A change is evaluated here before it is
 * written, and written only if nobody changed any policy meanwhile; other replicas hear of it and do the same.
 */
export class PolicyBook implements Policies {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #events: EventLog
  readonly #preview: (policies: readonly PolicyRecord[], request: PreviewRequest) => Promise<Preview>
  readonly #unsubscribe: () => void
  readonly #listeners = new Set<() => void>()
  #records: ReadonlyMap<string, PolicyRecord> = new Map()
  /** Of the state that `#records` holds. */
  #revision = -1
  /** Active policies that can't be in the program. */
  #refused: ReadonlyMap<string, Diagnostic> = new Map()
  #cancelTimer: (() => void) | undefined
  /** Changes of this replica, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(
    parts: Parts,
    world: LiveWorld,
    events: EventLog,
    preview: (policies: readonly PolicyRecord[], request: PreviewRequest) => Promise<Preview>,
  ) {
    this.#parts = parts
    this.#world = world
    this.#events = events
    this.#preview = preview
    this.#unsubscribe = parts.store.onSignal(TOPIC, () => void this.#look())
  }

  /** Read all policies for the first time, evaluate the active ones, and go on following the database. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#reload())
    this.#lookLater()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
    await this.#turn.catch(() => {})
  }

  /** After each change of what is evaluated. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get records(): readonly PolicyRecord[] {
    return [...this.#records.values()]
  }

  /** What stands against an active policy's evaluation. */
  stoppedBy(name: string): Diagnostic | undefined {
    return this.#refused.get(name) ?? this.#world.evaluator.stopped.find(({ policy }) => policy === name)?.diagnostic
  }

  async list(request: PageRequest): Promise<Page<PolicySummary>> {
    const page = pageOfSorted(this.#records.values(), request, ({ name }) => name)
    return { ...page, items: page.items.map(record => summaryOf(record, this.stoppedBy(record.name))) }
  }

  async get(idOrName: string): Promise<PolicyDetail | undefined> {
    const record = this.find(idOrName)
    return record && detailOf(record, this.stoppedBy(record.name))
  }

  /** By id or name. */
  find(idOrName: string): PolicyRecord | undefined {
    return this.#records.get(idOrName) ?? this.records.find(({ name }) => name === idOrName)
  }

  create(draft: PolicyDraft, actor: Actor): Promise<PolicyDetail> {
    const { name, text, description = '', mode = 'monitor', active = true } = draft
    checkName(name)
    return this.#change(actor, 'policy.create', now => {
      const taken = this.find(name)
      if (taken)
        fail('control/policy-exists', `there is a policy \`${name}\` already`, {
          help: 'change it, or choose another name',
        })
      const moment = { created_at: now, changed_at: now, changed_by: actor.id }
      return { after: { id: newId(), name, description, mode, active: active ? 1 : 0, text, version: 1, ...moment } }
    })
  }

  change(idOrName: string, change: Partial<PolicyDraft>, guard: ChangeGuard, actor: Actor): Promise<PolicyDetail> {
    return this.#change(actor, 'policy.change', now => {
      const before = this.#guarded(idOrName, guard)
      const { name = before.name, text = before.text, description = before.description } = change
      if (name !== before.name) {
        checkName(name)
        if (this.find(name)) fail('control/policy-exists', `there is a policy \`${name}\` already`)
      }
      const mode = change.mode ?? before.mode
      const active = change.active === undefined ? before.active : Number(change.active)
      const changed = { name, text, description, mode, active, changed_at: now, changed_by: actor.id }
      return { before, after: { ...before, ...changed, version: before.version + 1 } }
    })
  }

  async remove(idOrName: string, guard: ChangeGuard, actor: Actor): Promise<void> {
    await this.#change(actor, 'policy.remove', () => ({ before: this.#guarded(idOrName, guard) }))
  }

  async versions(idOrName: string, request: PageRequest): Promise<Page<PolicyDetail>> {
    const { id, created_at } = this.#known(idOrName)
    const limit = limitOf(request)
    const before = readCursor<number>(request.cursor)
    let query = this.#parts.store.db
      .selectFrom('policy_versions')
      .selectAll()
      .where('policy', '=', id)
      .orderBy('version', 'desc')
      .limit(limit + 1)
    if (before !== undefined) query = query.where('version', '<', before)
    const page = pageOf(await query.execute(), limit, row => row.version)
    return { ...page, items: page.items.map(row => detailOf({ ...row, id, created_at }, undefined)) }
  }

  async rollBack(idOrName: string, version: number, guard: ChangeGuard, actor: Actor): Promise<PolicyDetail> {
    const { id, name } = this.#known(idOrName)
    const row = await this.#parts.store.db
      .selectFrom('policy_versions')
      .select('text')
      .where('policy', '=', id)
      .where('version', '=', version)
      .executeTakeFirst()
    if (!row)
      return fail('control/unknown-version', `the policy \`${name}\` has no version ${version}`, {
        help: 'list its versions',
      })
    return this.change(id, { text: row.text }, guard, actor)
  }

  async validate({ name, text }: PolicyDraft): Promise<readonly Diagnostic[]> {
    checkName(name)
    const others = this.#active().filter(record => record.name !== name)
    return check([...others, { name, text }], this.#world.schemas()).diagnostics
  }

  async preview(request: PreviewRequest): Promise<Preview> {
    checkName(request.draft.name)
    return this.#preview(this.records, request)
  }

  async rules(idOrName: string): Promise<readonly PolicyRule[]> {
    const { name, text } = this.#known(idOrName)
    return rulesOf(name, text)
  }

  async insertRule(
    idOrName: string,
    rule: Omit<PolicyRule, 'id'>,
    guard: ChangeGuard,
    actor: Actor,
  ): Promise<PolicyRule> {
    const { id, name, text, version } = this.#known(idOrName)
    const longer = appendRule(name, text, rule)
    await this.change(id, { text: longer.text }, { etag: guard.etag ?? etagOf({ id, version }) }, actor)
    return longer.rule
  }

  async removeRule(idOrName: string, ruleId: string, guard: ChangeGuard, actor: Actor): Promise<PolicyRule> {
    const { id, name, text, version } = this.#known(idOrName)
    const shorter = cutRule(name, text, ruleId)
    await this.change(id, { text: shorter.text }, { etag: guard.etag ?? etagOf({ id, version }) }, actor)
    return shorter.rule
  }

  async library() {
    return readLibrary(this.#parts.config.policies.library)
  }

  #known(idOrName: string): PolicyRecord {
    const record = this.find(idOrName)
    if (record) return record
    const near = nearestName(
      idOrName,
      this.records.map(({ name }) => name),
    )
    return fail('control/unknown-policy', `there is no policy \`${idOrName}\``, {
      help: near ? `did you mean \`${near}\`?` : 'list the policies to see their names',
    })
  }

  #guarded(idOrName: string, { etag }: ChangeGuard): PolicyRecord {
    const record = this.#known(idOrName)
    if (etag === undefined || etag === etagOf(record)) return record
    return fail(
      'control/policy-changed-meanwhile',
      `the policy \`${record.name}\` was changed by ${record.changed_by} meanwhile: it has version ${record.version} now`,
      { help: 'read it again, and make the change on what it is now' },
    )
  }

  #active(): readonly PolicyRecord[] {
    return this.records.filter(({ active }) => active === 1)
  }

  /**
   * Make one change: on the newest state, evaluated here first, written only if the state is still the newest.
   * @param make the policy before and after; it is asked again when others were faster
   */
  #change(
    actor: Actor,
    action: string,
    make: (now: number) => { readonly before?: PolicyRecord; readonly after?: PolicyRecord },
  ): Promise<PolicyDetail> {
    return this.#inTurn(async () => {
      for (let tries = 1; ; tries++) {
        if (this.#revision !== (await readCounter(this.#parts.store, 'policies'))) await this.#reload()
        const revision = this.#revision
        const { before, after } = make(this.#parts.clock.now())
        const records = new Map(this.#records)
        if (before) records.delete(before.id)
        if (after) records.set(after.id, after)
        try {
          await this.#put(records, after ?? before!, async () => {
            const next = await this.#write(actor, action, revision, before, after)
            this.#records = records
            this.#revision = next
          })
        } catch (error) {
          if (error instanceof OvertakenError && tries < TRIES) continue
          throw error
        }
        this.#parts.log.info({ action, policy: (after ?? before)?.name, actor: actor.id }, 'a policy changed')
        this.#parts.store.signal(TOPIC, '')
        this.#events.announce()
        this.#tell()
        return detailOf((after ?? before)!, this.stoppedBy((after ?? before)!.name))
      }
    })
  }

  /** Evaluate other policies; `changed` is refused when it can not be, and everything stays as it was. */
  async #put(
    records: ReadonlyMap<string, PolicyRecord>,
    changed: PolicyRecord,
    write: () => Promise<void>,
  ): Promise<void> {
    const active = [...records.values()].filter(record => record.active === 1)
    const isActive = active.some(({ id }) => id === changed.id)
    const standing = active.filter(({ name, id }) => id === changed.id || !this.#refused.has(name))
    const program = toRun(checkStrictly(standing, this.#world.schemas()), standing)
    await this.#world.tryProgram(program, async () => {
      const stopped = this.#world.evaluator.stopped.find(({ policy }) => policy === changed.name)
      if (stopped && isActive) throw new DiagnosticError([stopped.diagnostic])
      await write()
    })
    const names = new Set(standing.map(({ name }) => name))
    this.#refused = new Map(
      [...this.#refused].filter(([name]) => !names.has(name) && active.some(r => r.name === name)),
    )
  }

  async #write(
    actor: Actor,
    action: string,
    revision: number,
    before: PolicyRecord | undefined,
    after: PolicyRecord | undefined,
  ): Promise<number> {
    const { store, clock } = this.#parts
    const subject = (after ?? before)!
    return store.transaction(async tx => {
      const next = await countUp(tx, 'policies')
      if (next !== revision + 1) throw new OvertakenError()
      if (before) await tx.deleteFrom('policies').where('id', '=', before.id).execute()
      if (after) await insertPolicy(tx, after)
      const change = before ? (after ? 'changed' : 'removed') : 'created'
      await writeAudit(tx, clock.now(), actor, {
        ...{ action, subject: subject.name },
        ...(before && { before: plain(before) }),
        ...(after && { after: plain(after) }),
      })
      const { id, name, mode, active, version } = subject
      const data = { id, name, mode, active: active === 1, version, change, by: actor.id }
      await this.#events.write(tx, [{ kind: 'policy', data }])
      return next
    })
  }

  /** Take over what the database has. */
  async #reload(): Promise<void> {
    const revision = await readCounter(this.#parts.store, 'policies')
    const rows = await this.#parts.store.db.selectFrom('policies').selectAll().execute()
    const records = new Map(rows.map(row => [row.id, row]))
    const active = rows.filter(row => row.active === 1)
    const { program, refused } = checkLeniently(active, this.#world.schemas())
    for (const [name, diagnostic] of refused)
      this.#parts.log.warn({ policy: name, ...forLog(new DiagnosticError([diagnostic])) }, 'a policy is not evaluated')
    this.#world.changeProgram(toRun(program, active))
    this.#records = records
    this.#refused = refused
    this.#revision = revision
    this.#tell()
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    try {
      await this.#inTurn(async () => {
        if (this.#revision !== (await readCounter(this.#parts.store, 'policies'))) await this.#reload()
      })
    } catch (error) {
      this.#parts.log.debug(forLog(error), 'policies can not be read now')
    }
  }

  #lookLater(): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#parts.clock.after(LOOK_MS, () => void this.#look().finally(() => this.#lookLater()))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn
    return turn
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Actions are begun for enforced policies alone. */
function toRun(program: Program, policies: readonly PolicyRecord[]): Program {
  return withoutActionsOf(program, new Set(policies.flatMap(({ name, mode }) => (mode === 'enforce' ? [] : [name]))))
}

/** Somebody else changed a policy first. */
class OvertakenError extends Error {}

async function insertPolicy(tx: StoreTransaction, record: PolicyRecord): Promise<void> {
  await tx.insertInto('policies').values(record).execute()
  const { id: policy, created_at: _, ...version } = record
  await tx
    .insertInto('policy_versions')
    .values({ policy, ...version })
    .execute()
}

function plain({ name, description, mode, active, text, version }: PolicyRecord): unknown {
  return { name, description, mode, active: active === 1, text, version }
}

function checkName(name: string): void {
  const { diagnostics, policy } = parsePolicy(`policy ${name}\n`, 'name')
  if (
    /^[A-Za-z_][\w.-]{0,99}$/.test(name) &&
    !SYSTEM_NAMES.has(name) &&
    diagnostics.length === 0 &&
    policy.name === name
  )
    return
  fail('control/policy-name', `\`${name}\` can't be the name of a policy`, {
    help: 'use letters, digits and `_`, beginning with a letter',
  })
}
