import { setTimeout as sleep } from 'node:timers/promises'
import { DiagnosticError, fail, nearestName } from '../../../diagnostic/index.ts'
import { RequestError } from '../../http/index.ts'
import type { ActionDescription, ActionStatus, Cloud } from '../../index.ts'
import type { ActionType, AnyActionType, Progress, Remedy } from './action-type.ts'
import type { ActionJournal, ActionRecord } from './journal.ts'

export interface ActionCloudOptions {
  readonly types: readonly AnyActionType[]
  readonly journal: ActionJournal
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
  /** Milliseconds to wait. Default: a timer. */
  readonly wait?: (ms: number) => Promise<unknown>
}

/** Pauses, in milliseconds, after which the cloud is looked at again for an action of which it is not known whether it arrived. */
const DOUBT = [200, 500, 1000, 2000, 4000]
/** The same after a notification: Nova tells of an end some time before its records show it. */
const NOTICED = [0, 250, 500, 1000, 2000, 4000, 8000]
/** An accepted action of which the cloud shows nothing for so long, in milliseconds, was lost on its way. */
const LOST = 90_000

/**
 * Carries actions out. Before one is sent, the cloud is looked at (is it done, is it under way, would it be refused?) and a record is
 * written; from then on only the cloud and that record tell, in this process or any other.
 */
export class ActionCloud implements Cloud {
  readonly #types: ReadonlyMap<string, ActionType>
  readonly #journal: ActionJournal
  readonly #now: () => number
  readonly #wait: (ms: number) => Promise<unknown>
  readonly #listeners = new Set<(token: string, status: ActionStatus) => void>()
  readonly #submitting = new Map<string, Promise<void>>()
  readonly #asking = new Map<string, Promise<ActionStatus | undefined>>()
  readonly #noticing = new Set<string>()

  constructor({ types, journal, now = Date.now, wait = sleep }: ActionCloudOptions) {
    this.#types = new Map(types.map(type => [type.name, type as unknown as ActionType]))
    this.#journal = journal
    this.#now = now
    this.#wait = wait
  }

  get descriptions(): readonly ActionDescription[] {
    return [...this.#types.values()].map(({ name, description, inputs }) => ({ name, description, inputs }))
  }

  submit(action: string, input: Readonly<Record<string, unknown>>, token: string): Promise<void> {
    return shared(this.#submitting, token, () => this.#submit(action, input, token))
  }

  /** Many who ask at once get one look at the cloud, and one end is told once. */
  status(token: string): Promise<ActionStatus | undefined> {
    return shared(this.#asking, token, () => this.#status(token))
  }

  async #status(token: string): Promise<ActionStatus | undefined> {
    const record = await this.#journal.read(token)
    if (!record || record.outcome) return record?.outcome
    const type = this.#typeOf(record)
    let progress = await type.follow(record.input, record.trace, record.sent)
    const age = this.#now() - record.at
    if (progress.kind === 'unknown') {
      if (!record.sent) return undefined
      progress =
        age > LOST
          ? { kind: 'failed', why: `the cloud shows no trace of it after ${LOST / 1000} s`, remedy: 'again' }
          : { kind: 'running', detail: 'accepted' }
    }
    const limit = type.seconds?.(record.input)
    const isLate = limit !== undefined && age > limit * 1000
    if (progress.kind === 'running') {
      if (isLate) await this.#tellOverdue(type, record)
      return { state: 'running', detail: isLate ? `${progress.detail}, longer than ${limit} s` : progress.detail }
    }
    if (progress.kind === 'failed' && isLate)
      progress = { ...progress, why: `it took longer than ${limit} s: ${progress.why}` }
    const outcome = outcomeOf(progress)
    await this.#end({ ...record, outcome })
    return outcome
  }

  onEnded(listener: (token: string, status: ActionStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Something happened to these servers: look now whether actions on them have ended, instead of at the next poll. */
  async noticed(servers: ReadonlySet<string>): Promise<void> {
    const open = await this.#journal.open()
    const concerned = open.filter(record => {
      const server = this.#types.get(record.action)?.about?.(record.input)
      return server !== undefined && servers.has(server) && !this.#noticing.has(record.token)
    })
    await Promise.all(concerned.map(record => this.#followClosely(record.token)))
  }

  async #followClosely(token: string): Promise<void> {
    this.#noticing.add(token)
    try {
      for (const pause of NOTICED) {
        if (pause > 0) await this.#wait(pause)
        if ((await this.status(token))?.state !== 'running') return
      }
    } finally {
      this.#noticing.delete(token)
    }
  }

  async #submit(action: string, given: Readonly<Record<string, unknown>>, token: string): Promise<void> {
    const type = this.#types.get(action)
    if (!type) {
      const near = nearestName(action, this.#types.keys())
      fail('action/unknown', `the cloud can not be asked for \`${action}\``, {
        help: near ? `did you mean \`${near}\`?` : `it can do ${[...this.#types.keys()].join(', ')}`,
      })
    }
    const before = await this.#journal.read(token)
    if (before?.refused) throw refusal(before.action, before.outcome?.detail ?? '')
    if (before && (before.outcome || before.sent)) return
    const input = before ? before.input : checkInput(type, given)
    const record = before ?? (await this.#prepare(type, input, token))
    if (!record) return
    // A record without more is left by a process that died before or while it sent.
    if (before && (await type.follow(input, record.trace, false)).kind !== 'unknown') return
    try {
      await type.send(input, record.trace, token)
    } catch (thrown) {
      return await this.#sendingFailed(type, record, thrown)
    }
    await this.#journal.write({ ...record, sent: true })
  }

  /** Look, and write down that it will be sent. Undefined: there is nothing to send. */
  async #prepare(type: ActionType, input: unknown, token: string): Promise<ActionRecord | undefined> {
    const sight = await type.look(input)
    const record = { token, action: type.name, input, trace: {}, at: this.#now(), sent: false }
    switch (sight.kind) {
      case 'done':
        await this.#end({ ...record, outcome: { state: 'succeeded', detail: sight.detail } })
        return undefined
      case 'refused':
        return this.#refuse(record, sight.why, sight.remedy)
      case 'under way':
        await this.#journal.write({ ...record, trace: sight.trace, sent: true })
        return undefined
      case 'go': {
        const ready = { ...record, trace: sight.trace }
        await this.#journal.write(ready)
        return ready
      }
    }
  }

  async #sendingFailed(type: ActionType, record: ActionRecord, thrown: unknown): Promise<void> {
    if (!(thrown instanceof RequestError)) throw thrown
    // Refused because it is busy with the very thing, or cut off: it may have arrived all the same.
    if (thrown.mayHaveActed || thrown.status === 409) {
      for (const pause of thrown.mayHaveActed ? DOUBT : DOUBT.slice(0, 1)) {
        const progress = await type
          .follow(record.input, record.trace, false)
          .catch(() => ({ kind: 'unknown' }) as const)
        if (progress.kind === 'failed' && progress.remedy === 'never' && thrown.mayHaveActed)
          return this.#refuse(record, progress.why, 'never')
        if (progress.kind !== 'unknown') return this.#journal.write({ ...record, sent: true })
        await this.#wait(pause)
      }
    }
    return this.#refuse(record, thrown.message, remedyOf(thrown))
  }

  async #refuse(record: ActionRecord, why: string, remedy: Remedy): Promise<never> {
    await this.#end({ ...record, refused: true, outcome: outcomeOf({ kind: 'failed', why, remedy }) })
    throw refusal(record.action, why)
  }

  async #end(record: ActionRecord): Promise<void> {
    await this.#journal.write(record)
    for (const listener of this.#listeners) listener(record.token, record.outcome!)
  }

  async #tellOverdue(type: ActionType, record: ActionRecord): Promise<void> {
    try {
      await type.overdue?.(record.input, record.trace)
    } catch (thrown) {
      // It is just ending, or not yet where it can be aborted: the next look tries again.
      if (!(thrown instanceof RequestError)) throw thrown
    }
  }

  #typeOf(record: ActionRecord): ActionType {
    const type = this.#types.get(record.action)
    if (!type) throw new Error(`no action type for the record of ${record.action}`)
    return type
  }
}

/** What runs for this token already, or else what begins now. */
function shared<T>(running: Map<string, Promise<T>>, token: string, begin: () => Promise<T>): Promise<T> {
  const before = running.get(token)
  if (before) return before
  const begun = begin().finally(() => running.delete(token))
  running.set(token, begun)
  return begun
}

function checkInput(type: ActionType, given: unknown): unknown {
  const parsed = type.input.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const names = type.inputs.map(each => `\`${each.name}\`${each.required ? '' : ' (may be left out)'}`)
  fail('action/bad-input', `\`${type.name}\` can not be asked with \`${issue.path.join('.')}\`: ${issue.message}`, {
    help: `it takes ${names.join(', ')}`,
  })
}

function outcomeOf(progress: Exclude<Progress, { kind: 'unknown' | 'running' }>): ActionStatus {
  if (progress.kind === 'failed') {
    const { why, remedy } = progress
    return { state: 'failed', detail: why, retryable: remedy === 'again', remedy }
  }
  return { state: 'succeeded', ...(progress.detail !== undefined && { detail: progress.detail }) }
}

/** A request that was refused at once: it never began. */
function remedyOf(error: RequestError): Remedy {
  // A login that is not known any more is mended by another, which others may be about to make.
  if (error.retryable || error.mayHaveActed || error.status === 409 || error.status === 401) return 'again'
  return error.status === 400 ? 'elsewhere' : 'never'
}

function refusal(action: string, why: string): DiagnosticError {
  return new DiagnosticError([
    { code: 'action/refused', severity: 'error', message: `\`${action}\` is refused: ${why}`, help: 'see the reason' },
  ])
}
