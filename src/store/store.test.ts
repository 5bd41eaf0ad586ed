import { sql } from 'kysely'
import Database from 'libsql'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { openStore, type Store, selectTasks, textsIn, writeRows } from './index.ts'
import { migrations } from './migrations/index.ts'
import { type TestDatabase, testDialects } from './testing/databases.ts'

const define = (id: string, body = '{}') => ({ id, name: 'w', body })

describe.each(testDialects())('on $dialect $skip', ({ skip, dialect, create, createEmpty }) => {
  if (skip) return test.skip(skip)

  let database: TestDatabase
  const open: Store[] = []
  beforeEach(async () => {
    database = await create()
  })
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close()
    await database.remove()
  })

  async function opened(options: { readonly lockTimeoutMs?: number } = {}): Promise<Store> {
    const store = await openStore({ ...database.options, ...options })
    open.push(store)
    return store
  }

  async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(DiagnosticError)
    return (error as DiagnosticError).diagnostics[0]!.code
  }

  async function ids(store: Store): Promise<string[]> {
    const rows = await store.db.selectFrom('definitions').select('id').orderBy('id').execute()
    return rows.map(r => r.id)
  }

  test('what was committed is there for the next who opens it', async () => {
    const store = await opened()
    await store.transaction(async tx => void (await tx.insertInto('definitions').values(define('a')).execute()))
    await open.pop()!.close()
    expect(await ids(await opened())).toEqual(['a'])
  })

  test('several open a new one at the same moment', async () => {
    const empty = await createEmpty()
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(empty.options)))
    for (const store of stores) expect(await ids(store)).toEqual([])
    for (const store of stores) await store.close()
    await empty.remove()
  })

  test('one of a newer version is refused', async () => {
    const empty = await createEmpty()
    const store = await openStore(empty.options)
    await sql`insert into kysely_migration values ('9999-from-the-future', '2999-01-01T00:00:00.000Z')`.execute(
      store.db,
    )
    await store.close()
    const known = Object.keys(migrations).length
    await expect(openStore(empty.options)).rejects.toThrow(
      `has version ${known + 1}, and this usher knows versions up to ${known}`,
    )
    await empty.remove()
  })

  test('one of another program is refused', async () => {
    const empty = await createEmpty()
    const bookmarks = 'create table bookmarks (url text)'
    if (empty.options.url === undefined) {
      const other = new Database(empty.options.file!)
      other.exec(bookmarks)
      other.close()
    } else {
      const other = new pg.Client(empty.options.url)
      await other.connect()
      await other.query(bookmarks)
      await other.end()
    }
    expect(await codeOf(openStore(empty.options))).toBe('store/not-ours')
    await empty.remove()
  })

  test('a transaction is all or nothing', async () => {
    const store = await opened()
    await expect(
      store.transaction(async tx => {
        await tx.insertInto('definitions').values(define('a')).execute()
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    // One statement of several that go together is wrong.
    const twice = { execution: 'e', task: 'a', start: 0, body: '[]' }
    await expect(
      store.transaction(async tx => {
        await tx.insertInto('definitions').values(define('b')).execute()
        await writeRows(store, tx, [
          { insert: 'variables', rows: [{ execution: 'e', name: 'x', value: '1' }] },
          { insert: 'items', rows: [twice, twice] },
        ])
      }),
    ).rejects.toThrow(/unique/i)
    expect(await ids(store)).toEqual([])
    expect(await store.db.selectFrom('variables').selectAll().execute()).toEqual([])
  })

  test('those who change one row wait for each other, in this process and between connections', async () => {
    const stores = [await opened(), await opened()]
    await stores[0]!.db.insertInto('definitions').values(define('counter', '0')).execute()
    const increment = (store: Store) =>
      store.transaction(async tx => {
        const query = tx.selectFrom('definitions').select('body').where('id', '=', 'counter')
        const { body } = await (dialect === 'postgres' ? query.forUpdate() : query).executeTakeFirstOrThrow()
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

  test('many rows are written and found in a few statements, with whatever their texts hold', async () => {
    const store = await opened()
    const value = JSON.stringify(`it's "quoted" \\ žluťoučký \u{1F600} \n ' ; --`)
    const rows = Array.from({ length: 2500 }, (_, i) => ({ execution: 'e', name: `x${i}`, value: String(i) }))
    await store.transaction(tx => writeRows(store, tx, [{ insert: 'variables', rows }]))
    await store.transaction(tx =>
      writeRows(store, tx, [
        { insert: 'variables', rows: [{ execution: 'e', name: 'x7', value }], replace: ['execution', 'name'] },
        {
          update: 'variables',
          keys: ['execution', 'name'],
          columns: ['value'],
          rows: [{ execution: 'e', name: 'x8', value: 'null' }],
        },
        { insert: 'items', rows: [{ execution: 'e', task: 'a', start: 0, body: '[1]' }] },
      ]),
    )
    const found = await store.db
      .selectFrom('variables')
      .select(['name', 'value'])
      .where('name', 'in', textsIn(store, ['x7', 'x8', 'x9', "x'"]))
      .orderBy('name')
      .execute()
    expect(found.map(row => row.value)).toEqual([value, 'null', '9'])
    const { n } = await store.db
      .selectFrom('variables')
      .select(e => e.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    expect(Number(n)).toBe(2500)
    expect(await store.transaction(tx => selectTasks(store, tx, [{ execution: 'e', name: 'none' }], true))).toEqual([])
  })

  test.runIf(dialect === 'postgres')('a row that another locks for too long', async () => {
    const [holder, waiter] = [await opened(), await opened({ lockTimeoutMs: 1500 })]
    await holder.db.insertInto('definitions').values(define('a')).execute()
    const take = (store: Store, then: () => Promise<void>) =>
      store.transaction(async tx => {
        await tx.selectFrom('definitions').select('id').where('id', '=', 'a').forUpdate().execute()
        await then()
      })
    let letGo!: () => void
    let locked!: () => void
    const isLocked = new Promise<void>(resolve => {
      locked = resolve
    })
    const held = take(holder, () => {
      locked()
      return new Promise(resolve => {
        letGo = resolve
      })
    })
    await isLocked
    expect(await codeOf(take(waiter, async () => {}))).toBe('store/locked')
    letGo()
    await held
    await take(waiter, async () => {})
  })

  test.runIf(dialect === 'postgres')(
    'a server that has no room left says so, nothing of the transaction stays, and work goes on when there is room',
    async () => {
      const store = await opened()
      const trigger = (what: string) => sql.raw(what).execute(store.db)
      await trigger(
        `create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$`,
      )
      await trigger(`create trigger full_disk before insert on variables execute function full_disk()`)
      const write = () =>
        store.transaction(async tx => {
          await tx.insertInto('definitions').values(define('a')).execute()
          await writeRows(store, tx, [{ insert: 'variables', rows: [{ execution: 'e', name: 'x', value: '1' }] }])
        })
      expect(await codeOf(write())).toBe('store/disk-full')
      expect(await ids(store)).toEqual([])
      await trigger('drop trigger full_disk on variables')
      await trigger('drop function full_disk')
      await write()
      expect(await ids(store)).toEqual(['a'])
    },
  )

  test('signals reach those who listen, here and through the server, until they stop', async () => {
    const [one, two] = [await opened(), await opened()]
    const heard: string[] = []
    const stop = one.onSignal('workflow', payload => heard.push(payload))
    one.signal('workflow', 'a')
    one.signal('other', 'b')
    expect(heard).toEqual(['a'])
    if (dialect === 'postgres')
      while (!heard.includes('c')) {
        two.signal('workflow', 'c')
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    stop()
    const before = heard.length
    one.signal('workflow', 'd')
    expect(heard).toHaveLength(before)
  })
})
