import { type FSWatcher, watch } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { duration } from '../config/index.ts'
import { type LiveTable, PolledSource, type ReadAnswer, type Reading } from '../live/index.ts'
import type { OpenOptions } from '../opening.ts'
import { type FolderSource, openFolder } from './folder.ts'

export const folderSettings = z.strictObject({
  driver: z.literal('folder'),
  name: z.string().min(1),
  path: z.string().min(1),
  /** Seconds between two looks at the folder. */
  interval: duration.default(60),
  /** Look at once when the system tells of a change. */
  watch: z.boolean().default(true),
})

/** Milliseconds after a change in which more may come: files are seldom written at once. */
const SETTLE = 200

/** A folder of tables that is read again when it changes, and every interval. Rejects with a `DiagnosticError` when it can't be read now. */
export async function openLiveFolder(
  settings: z.output<typeof folderSettings>,
  { base, now = Date.now }: OpenOptions,
): Promise<PolledSource> {
  const path = resolve(base, settings.path)
  const reading = new FolderReading(openFolder(path), settings.interval)
  await reading.look()
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  const source = new PolledSource({
    name: settings.name,
    driver: 'folder',
    description: `The tables of the folder ${settings.path}`,
    readings: [reading],
    now,
    close: async () => {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  })
  if (settings.watch) {
    const changed = () => {
      clearTimeout(timer)
      timer = setTimeout(() => void source.refresh(), SETTLE)
    }
    // Where the system can't tell of changes, the interval has to do.
    try {
      const watcher = watch(path, { recursive: true, persistent: false }, changed)
      watcher.on('error', () => watcher.close())
      watchers = [watcher]
    } catch {}
  }
  return source
}

class FolderReading implements Reading {
  readonly name = 'folder'
  readonly interval: number
  tables: readonly LiveTable[] = []
  readonly #folder: FolderSource

  constructor(folder: FolderSource, interval: number) {
    this.#folder = folder
    this.interval = interval
  }

  /** Find out which tables there are. */
  async look(): Promise<void> {
    this.tables = tablesOf(await this.#folder.read(), this.interval)
  }

  async read(): Promise<ReadAnswer> {
    const snapshot = await this.#folder.read()
    const items = [...snapshot].map(([table, data]) => ({ id: table, rows: data.rows.map(row => ({ table, row })) }))
    return { items, complete: true, tables: tablesOf(snapshot, this.interval), warnings: this.#folder.warnings }
  }
}

function tablesOf(snapshot: Awaited<ReturnType<FolderSource['read']>>, interval: number): LiveTable[] {
  return [...snapshot.values()].map(({ schema, provenance }) => ({
    ...schema,
    description: provenance.place ?? schema.table,
    lazy: false,
    interval,
  }))
}
