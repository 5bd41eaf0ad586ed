import { z } from 'zod'
import { orAbsent } from '../../http/index.ts'
import { asUtc, type ServiceClient, withQuery } from '../clients/index.ts'

const server = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    locked: z.boolean().optional(),
    'OS-EXT-SRV-ATTR:host': z.string().nullish(),
    'OS-EXT-STS:task_state': z.string().nullish(),
    'OS-EXT-STS:vm_state': z.string().nullish(),
  })
  .transform(raw => ({
    id: raw.id,
    name: raw.name,
    status: raw.status,
    locked: raw.locked === true,
    host: raw['OS-EXT-SRV-ATTR:host'] ?? undefined,
    /** What Nova is doing with it; undefined: nothing. */
    task: raw['OS-EXT-STS:task_state'] ?? undefined,
    state: raw['OS-EXT-STS:vm_state'] ?? undefined,
  }))

const migration = z.object({
  id: z.number(),
  status: z.string(),
  migration_type: z.string().nullish(),
  source_compute: z.string().nullish(),
  dest_compute: z.string().nullish(),
  updated_at: z.string().nullish(),
})

const instanceAction = z.object({
  action: z.string(),
  request_id: z.string(),
  message: z.string().nullish(),
  start_time: z.string().nullish(),
})

const instanceEvent = z.object({
  event: z.string(),
  result: z.string().nullish(),
  details: z.string().nullish(),
  traceback: z.string().nullish(),
})

const service = z.object({
  id: z.string(),
  host: z.string(),
  status: z.enum(['enabled', 'disabled']),
  state: z.enum(['up', 'down']),
  disabled_reason: z.string().nullish(),
  forced_down: z.boolean().nullish(),
  updated_at: z.string().nullish(),
})

const aggregate = z.object({ id: z.number(), name: z.string(), hosts: z.array(z.string()) })

export type Server = z.infer<typeof server>
export type Migration = z.infer<typeof migration>
export type InstanceAction = z.infer<typeof instanceAction>
export type ComputeService = z.infer<typeof service>
export type Aggregate = z.infer<typeof aggregate>

/** Nova as actions see it: single servers, their migrations and what was asked of them. */
export class Nova {
  readonly #client: ServiceClient

  constructor(client: ServiceClient) {
    this.#client = client
  }

  /** Undefined: there is no such server, or no longer. */
  async server(id: string): Promise<Server | undefined> {
    const answer = z.object({ server })
    return (await orAbsent(this.#client.call({ path: `/servers/${segment(id)}`, answer })))?.server
  }

  /** Migrations of a server of every kind, oldest first. Nova forgets them with the server. */
  async migrations(id: string): Promise<Migration[]> {
    const found: Migration[] = []
    const path = withQuery('/os-migrations', { instance_uuid: id })
    for await (const each of this.#client.list({ path, key: 'migrations', item: migration })) found.push(each)
    return found.sort((a, b) => a.id - b.id)
  }

  /** What was asked of a server, newest first. */
  async actions(id: string): Promise<InstanceAction[]> {
    const answer = z.object({ instanceActions: z.array(instanceAction) })
    const path = `/servers/${segment(id)}/os-instance-actions`
    return (await orAbsent(this.#client.call({ path, answer })))?.instanceActions ?? []
  }

  /** What went wrong on the way of one thing asked, in Nova's words; undefined: it does not say. */
  async failureOf(id: string, request: string): Promise<{ event: string; words: string } | undefined> {
    const answer = z.object({ instanceAction: z.object({ events: z.array(instanceEvent).default([]) }) })
    const path = `/servers/${segment(id)}/os-instance-actions/${segment(request)}`
    const found = await orAbsent(this.#client.call({ path, answer }))
    const event = found?.instanceAction.events.find(each => each.result === 'Error')
    return event && { event: event.event, words: wordsOf(event.details, event.traceback) }
  }

  /** The compute service of a host; undefined: there is none. */
  async computeService(host: string): Promise<ComputeService | undefined> {
    const answer = z.object({ services: z.array(service) })
    const path = withQuery('/os-services', { binary: 'nova-compute', host })
    return (await this.#client.call({ path, answer })).services.find(each => each.host === host)
  }

  async aggregates(): Promise<Aggregate[]> {
    return (await this.#client.call({ path: '/os-aggregates', answer: z.object({ aggregates: z.array(aggregate) }) }))
      .aggregates
  }

  async act(id: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#send('POST', `/servers/${segment(id)}/action`, body)
  }

  /** Free a VM of a task that nobody carries out any more; Nova itself does so for the VMs of a compute that is restarted. */
  async resetState(id: string, state: 'active' | 'error'): Promise<void> {
    await this.act(id, { 'os-resetState': { state } })
  }

  async actOnMigration(id: string, number: number, what: 'abort' | 'force_complete'): Promise<void> {
    const path = `/servers/${segment(id)}/migrations/${number}`
    if (what === 'abort') await this.#send('DELETE', path)
    else await this.#send('POST', `${path}/action`, { force_complete: null })
  }

  async setService(id: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#send('PUT', `/os-services/${segment(id)}`, change)
  }

  async cacheImages(id: number, images: readonly string[]): Promise<void> {
    await this.#send('POST', `/os-aggregates/${id}/images`, { cache: images.map(image => ({ id: image })) })
  }

  async #send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> {
    // One try only: whoever sends looks first whether it arrived.
    await this.#client.call({ method, path, answer: z.unknown(), tries: 1, ...(body !== undefined && { body }) })
  }
}

/** A name in a path; a host called `../x` must not lead elsewhere. */
function segment(text: string): string {
  return encodeURIComponent(text)
}

/** One line of what Nova says: its own words, or the last of a traceback. */
function wordsOf(details: string | null | undefined, traceback: string | null | undefined): string {
  const lines = (details || traceback || '').trim().split('\n')
  return (lines.at(-1) ?? '').trim().replace(/\.$/, '').slice(0, 300)
}

/** A compute that only lost its connection for a moment is not taken for dead. */
export const SILENT_MS = 60_000

/**
 * Milliseconds since a compute's last sign of life, or the last change of a migration's record, by Nova's clock and ours. Infinite: an
 * operator declared it down.
 */
export function silentFor(
  { forced_down: isFenced, updated_at: at }: Pick<ComputeService, 'forced_down' | 'updated_at'>,
  now: number,
): number {
  if (isFenced || !at) return Number.POSITIVE_INFINITY
  return now - Date.parse(asUtc(at))
}
