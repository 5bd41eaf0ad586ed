import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { ActionDescription, Cloud, LiveSource } from '../../index.ts'
import { type Listener, type ListenOptions, listen } from './listen.ts'
import type { Touch } from './touches.ts'

export interface NotifiedOptions extends Omit<ListenOptions, 'onTouches' | 'onListening' | 'onFaults'> {
  /** The sources that hold the touched tables, by service. */
  readonly sources: Readonly<
    Partial<Record<Touch['service'], { readonly module: string; readonly source: LiveSource }>>
  >
  /** Told which servers notifications speak of. */
  readonly onServers?: (servers: ReadonlySet<string>) => void
}

/** Milliseconds in which servers are gathered before actions on them are looked after. */
const GATHER = 200

/**
 * Keep sources current by what a cloud says on its message queue, beside their polling. While the queue is away, and for what was said
 * before it was there, polling finds the changes; once it is there again everything is read anew.
 */
export function notify({ sources, onServers, ...options }: NotifiedOptions): Listener {
  const servers = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const gather = (server: string) => {
    servers.add(server)
    timer ??= setTimeout(() => {
      timer = undefined
      const gathered = new Set(servers)
      servers.clear()
      onServers?.(gathered)
    }, GATHER)
  }
  let heard = false
  const listener = listen({
    ...options,
    onTouches(touches) {
      for (const { service, table, key } of touches) {
        const held = sources[service]
        held?.source.touch?.(`${held.module}:${table}`, key)
        if (service === 'nova' && table === 'servers' && key !== undefined) gather(key)
      }
    },
    onListening() {
      // The first time, the sources have just been read, or are about to be.
      if (heard) for (const held of Object.values(sources)) void held?.source.refresh()
      heard = true
    },
  })
  return {
    get faults() {
      return listener.faults
    },
    async stop() {
      clearTimeout(timer)
      await listener.stop()
    },
  }
}

/** A source with more: something that runs while it does, what that finds wrong, and what can be asked of its cloud. */
export function withNotifications(
  source: LiveSource,
  more: {
    readonly listen?: (() => Listener) | undefined
    readonly cloud: Cloud & { readonly descriptions: readonly ActionDescription[] }
  },
): LiveSource {
  let listener: Listener | undefined
  const faults = (): readonly Diagnostic[] => listener?.faults ?? []
  return {
    name: source.name,
    driver: source.driver,
    description: source.description,
    get tables() {
      return source.tables
    },
    actions: more.cloud.descriptions,
    cloud: more.cloud,
    schemas: () => source.schemas(),
    read: () => source.read(),
    async start() {
      // Before the first reading: what changes while it runs is heard of.
      listener ??= more.listen?.()
      await source.start()
    },
    async stop() {
      await listener?.stop()
      listener = undefined
      await source.stop()
    },
    want: tables => source.want(tables),
    refresh: tables => source.refresh(tables),
    touch: (table, key) => source.touch?.(table, key),
    subscribe: listen_ => source.subscribe(listen_),
    onFreshness: listen_ => source.onFreshness(listen_),
    status() {
      const status = source.status()
      return { ...status, faults: [...status.faults, ...faults()] }
    },
  }
}
