import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiagnosticError, loadCodeDocs } from '../diagnostic/index.ts'
import { openStore, type Store } from './index.ts'

const codeDocs = await loadCodeDocs()

let folder: string
const open: Store[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'usher-store-'))
})
afterEach(async () => {
  for (const store of open.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

async function opened(file = join(folder, 'usher.db'), lockTimeoutMs = 5000): Promise<Store> {
  const store = await openStore({ file, lockTimeoutMs })
  open.push(store)
  return store
}

async function refusal(work: () => Promise<unknown>): Promise<{ code: string; message: string; help: string }> {
  const error = await work().then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(DiagnosticError)
  const { diagnostics } = error as DiagnosticError
  expect(diagnostics).toHaveLength(1)
  const { code, message, help } = diagnostics[0]!
  expect(codeDocs).toHaveProperty([code])
  expect(help).toBeTruthy()
  return { code, message, help: help! }
}

const define = (id: string, body = '{}') => ({ id, name: 'w', body })

async function ids(store: Store): Promise<string[]> {
  const rows = await store.db.selectFrom('definitions').select('id').orderBy('id').execute()
  return rows.map(r => r.id)
}

test('keeps what was committed, with journal and sync that survive a power cut', async () => {
  const store = await opened()
  await store.db.insertInto('definitions').values(define('a')).execute()
  const pragma = async (name: string) => Object.values((await sql.raw(`pragma ${name}`).execute(store.db)).rows[0]!)[0]
  expect(await pragma('journal_mode')).toBe('wal')
  expect(await pragma('synchronous')).toBe(2)
  expect(await pragma('foreign_keys')).toBe(1)
  await open.pop()!.close()
  expect(await ids(await opened())).toEqual(['a'])
})

test('each memory store is its own', async () => {
  const [one, two] = [await openStore({ memory: true }), await openStore({ memory: true })]
  await one.db.insertInto('definitions').values(define('a')).execute()
  expect(await ids(two)).toEqual([])
  await one.close()
  await two.close()
})

test('a file that is no database, a folder, a missing folder', async () => {
  const file = join(folder, 'notes.txt')
  writeFileSync(file, 'meeting at ten\n'.repeat(500))
  expect((await refusal(() => openStore({ file }))).code).toBe('store/not-a-database')
  expect((await refusal(() => openStore({ file: folder }))).code).toBe('store/not-a-database')
  const missing = await refusal(() => openStore({ file: join(folder, 'no', 'usher.db') }))
  expect(missing.code).toBe('store/no-folder')
  expect(missing.message).toContain(join(folder, 'no'))
  expect((await refusal(() => openStore({ file: join(file, 'usher.db') }))).code).toBe('store/no-folder')
})

test('a read-only folder', async () => {
  // The superuser may write anywhere but in the kernel's own file system.
  const root = process.getuid?.() === 0
  const closed = root ? '/proc' : join(folder, 'closed')
  if (!root) {
    mkdirSync(closed)
    chmodSync(closed, 0o500)
  }
  expect((await refusal(() => openStore({ file: join(closed, 'usher.db') }))).code).toBe('store/read-only')
})

test('a lock held by another for too long', async () => {
  const [holder, waiter] = [await opened(), await opened(undefined, 30)]
  let letGo!: () => void
  const held = holder.transaction(() => new Promise<void>(resolve => (letGo = resolve)))
  await new Promise(resolve => setImmediate(resolve))
  const { code } = await refusal(() => waiter.transaction(async () => {}))
  expect(code).toBe('store/locked')
  letGo()
  await held
  await waiter.transaction(async tx => void (await tx.insertInto('definitions').values(define('a')).execute()))
  expect(await ids(holder)).toEqual(['a'])
})

test('a full disk loses nothing that was recorded, and works again when there is room', async () => {
  const store = await opened()
  await store.db.insertInto('definitions').values(define('before')).execute()
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db)
  await sql.raw(`pragma max_page_count = ${rows[0]!.page_count + 2}`).execute(store.db)
  const fill = () =>
    store.transaction(async tx => {
      for (let i = 0; i < 50; i++)
        await tx
          .insertInto('definitions')
          .values(define(`x${i}`, 'x'.repeat(4000)))
          .execute()
    })
  expect((await refusal(fill)).code).toBe('store/disk-full')
  expect(await ids(store)).toEqual(['before'])
  await sql`pragma max_page_count = 100000`.execute(store.db)
  await fill()
  expect(await ids(store)).toHaveLength(51)
})
