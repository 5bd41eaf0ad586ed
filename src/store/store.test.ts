import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiagnosticError, loadCodeDocs } from '../diagnostic/index.ts'
import { openStore, type Store } from './index.ts'
import { migrations } from './migrations/index.ts'

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

describe('openStore', () => {
  test('keeps what was committed, with journal and sync that survive a power cut', async () => {
    const store = await opened()
    await store.db.insertInto('definitions').values(define('a')).execute()
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(store.db)).rows[0]!)[0]
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

  test('several open a new file at the same moment', async () => {
    const stores = await Promise.all([opened(), opened(), opened(), opened()])
    for (const store of stores) expect(await ids(store)).toEqual([])
  })

  test('a newer version is refused and left alone', async () => {
    const file = join(folder, 'new.db')
    const store = await openStore({ file })
    await sql`insert into kysely_migration values ('9999-from-the-future', '2999-01-01T00:00:00.000Z')`.execute(
      store.db,
    )
    await store.close()
    const { code, message } = await refusal(() => openStore({ file }))
    expect(code).toBe('store/newer-version')
    const known = Object.keys(migrations).length
    expect(message).toBe(
      `the database \`${file}\` has version ${known + 1}, and this usher knows versions up to ${known}`,
    )
  })

  test('a database of another program is refused', async () => {
    const file = join(folder, 'other.db')
    const other = new Database(file)
    other.exec('create table bookmarks (url text)')
    other.close()
    expect((await refusal(() => openStore({ file }))).code).toBe('store/not-ours')
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
})

describe('transaction', () => {
  test('all or nothing', async () => {
    const store = await opened()
    await expect(
      store.transaction(async tx => {
        await tx.insertInto('definitions').values(define('a')).execute()
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    expect(await ids(store)).toEqual([])
  })

  test('one at a time, in this process and between connections', async () => {
    const stores = [await opened(), await opened()]
    await stores[0]!.db.insertInto('definitions').values(define('counter', '0')).execute()
    const increment = (store: Store) =>
      store.transaction(async tx => {
        const { body } = await tx
          .selectFrom('definitions')
          .select('body')
          .where('id', '=', 'counter')
          .executeTakeFirstOrThrow()
        await new Promise(resolve => setImmediate(resolve))
        await tx
          .updateTable('definitions')
          .set({ body: String(Number(body) + 1) })
          .where('id', '=', 'counter')
          .execute()
      })
    await Promise.all(Array.from({ length: 40 }, (_, i) => increment(stores[i % 2]!)))
    const row = await stores[1]!.db.selectFrom('definitions').select('body').executeTakeFirstOrThrow()
    expect(row.body).toBe('40')
  })

  test('a query past the transaction is an error, not a wait for ever', async () => {
    const store = await opened()
    await expect(store.transaction(() => ids(store))).rejects.toThrow('must use the transaction')
    expect(await ids(store)).toEqual([])
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
})

test('signals reach those who listen, until they stop', async () => {
  const store = await openStore({ memory: true })
  const heard: string[] = []
  const stop = store.onSignal('workflow', payload => heard.push(payload))
  store.signal('workflow', 'a')
  store.signal('other', 'b')
  stop()
  store.signal('workflow', 'c')
  expect(heard).toEqual(['a'])
  await store.close()
})
