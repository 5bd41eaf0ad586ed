import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fail } from '../../diagnostic/index.ts'
import type { Delta, Row } from '../../tables/index.ts'
import { applyChanges } from '../changes.ts'
import { PolledSource } from './polled-source.ts'
import type { ReadAnswer, ReadItem, Reading, ReadRequest } from './reading.ts'
import { RowStore } from './row-store.ts'
import type { LiveTable } from './types.ts'

const table = (name: string, lazy = false): LiveTable => ({
  table: name,
  description: '',
  columns: [{ name: 'id' }, { name: 'value' }],
  lazy,
})

/** A cloud of things with a value each, which tells of changes since the last reading. */
class Things implements Reading {
  readonly name = 'things'
  readonly tables: readonly LiveTable[]
  readonly interval = 10
  readonly fullInterval = 100
  readonly values = new Map<string, number>()
  readonly changed = new Set<string>()
  /** What was asked: `full`, `changes`, or the id of one thing. */
  readonly asked: string[] = []
  broken = false
  /** Resolves before an answer is given, with what was there when it was asked for. */
  gate: Promise<void> | undefined

  constructor(tables = [table('t:things')]) {
    this.tables = tables
  }

  set(id: string, value: number | undefined): void {
    if (value === undefined) this.values.delete(id)
    else this.values.set(id, value)
    this.changed.add(id)
  }

  async read({ changes, tables }: ReadRequest): Promise<ReadAnswer> {
    this.asked.push(changes ? 'changes' : 'full')
    if (this.broken) fail('source/broken', 'it is broken')
    const ids = changes ? [...this.changed] : [...this.values.keys()]
    this.changed.clear()
    const items = ids.map(id => this.#item(id, tables))
    await this.gate
    return { items, complete: !changes }
  }

  async readOne(id: string, { tables }: Omit<ReadRequest, 'changes'>): Promise<ReadItem> {
    this.asked.push(id)
    return this.#item(id, tables)
  }

  #item(id: string, tables: ReadonlySet<string>): ReadItem {
    const value = this.values.get(id)
    if (value === undefined) return { id }
    return { id, rows: [...tables].map(name => ({ table: name, row: [id, value] })) }
  }
}

function open(reading: Reading) {
  const source = new PolledSource({
    name: 't',
    driver: 'test',
    description: '',
    readings: [reading],
    random: () => 0.5,
  })
  const batches: (readonly Delta[])[] = []
  source.subscribe(batch => batches.push(batch))
  const rows = async (name = 't:things') => (await source.read()).get(name)!.rows
  return { source, batches, rows }
}

describe('a polled source', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }))
  afterEach(() => void vi.useRealTimers())

  it('asks for changes at intervals, and for everything now and then', async () => {
    const things = new Things()
    things.set('a', 1)
    const { source, batches } = open(things)
    await source.start()
    expect(batches).toEqual([[{ table: 't:things', inserted: [['a', 1]], removed: [] }]])
    things.set('a', 2)
    things.set('b', 1)
    await vi.advanceTimersByTimeAsync(10_100)
    expect(batches[1]).toEqual([
      {
        table: 't:things',
        inserted: expect.arrayContaining([
          ['a', 2],
          ['b', 1],
        ]),
        removed: [['a', 1]],
      },
    ])
    things.set('b', undefined)
    await vi.advanceTimersByTimeAsync(10_100)
    expect(batches[2]).toEqual([{ table: 't:things', inserted: [], removed: [['b', 1]] }])
    await vi.advanceTimersByTimeAsync(100_000)
    expect(things.asked.slice(0, 3)).toEqual(['full', 'changes', 'changes'])
    expect(things.asked.filter(asked => asked === 'full')).toHaveLength(2)
    expect(batches).toHaveLength(3)
    await source.stop()
  })

  it('mends by a full reading what nobody told of', async () => {
    const things = new Things()
    things.set('a', 1)
    const { source, rows } = open(things)
    await source.start()
    things.values.delete('a')
    things.values.set('b', 2)
    await vi.advanceTimersByTimeAsync(50_000)
    expect(await rows()).toEqual([['a', 1]])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await rows()).toEqual([['b', 2]])
    await source.stop()
  })

  it('reads a touched thing at once', async () => {
    const things = new Things()
    things.set('a', 1)
    const { source, batches } = open(things)
    await source.start()
    things.set('a', 2)
    source.touch('t:things', 'a')
    source.touch('t:things', 'a')
    await vi.advanceTimersByTimeAsync(500)
    expect(things.asked).toEqual(['full', 'a'])
    expect(batches[1]).toEqual([{ table: 't:things', inserted: [['a', 2]], removed: [['a', 1]] }])
    await source.stop()
  })

  it('takes a burst of touches as one batch, with one request', async () => {
    const things = new Things()
    const { source, batches } = open(things)
    await source.start()
    for (let i = 0; i < 500; i++) {
      things.set(`vm${i}`, i)
      source.touch('t:things', `vm${i}`)
      if (i % 100 === 0) await vi.advanceTimersByTimeAsync(50)
    }
    await vi.advanceTimersByTimeAsync(1000)
    expect(things.asked).toEqual(['full', 'changes'])
    expect(batches).toHaveLength(1)
    expect(batches[0]![0]!.inserted).toHaveLength(500)
    await source.stop()
  })

  it('does not let an old answer undo a newer one', async () => {
    const things = new Things()
    things.set('a', 1)
    things.set('b', 1)
    const { source, rows } = open(things)
    await source.start()
    let release = () => {}
    things.gate = new Promise(resolve => {
      release = resolve
    })
    // Touches wait for the reading that runs, so that the answers arrive in the order of their requests.
    const refreshed = source.refresh()
    await vi.advanceTimersByTimeAsync(10)
    things.set('a', 2)
    things.set('b', undefined)
    source.touch('t:things', 'a')
    source.touch('t:things', 'b')
    await vi.advanceTimersByTimeAsync(1000)
    release()
    things.gate = undefined
    await refreshed
    await vi.advanceTimersByTimeAsync(1000)
    expect(await rows()).toEqual([['a', 2]])
    await source.stop()
  })

  it('keeps its rows and says that they are stale while it can not read, and tries ever more seldom', async () => {
    const things = new Things()
    things.set('a', 1)
    const { source, rows } = open(things)
    const told: string[] = []
    source.onFreshness(({ state, because }) => told.push(`${state} ${because?.message ?? ''}`.trim()))
    await source.start()
    expect(source.status()).toMatchObject({ state: 'running', lastRead: '2026-01-01T00:00:00.000Z' })
    things.broken = true
    await vi.advanceTimersByTimeAsync(10_100)
    expect(await rows()).toEqual([['a', 1]])
    expect(source.status()).toMatchObject({
      state: 'failing',
      faults: [{ message: 'it is broken' }],
      tables: [{ state: 'stale', rightAt: '2026-01-01T00:00:00.000Z' }],
    })
    await vi.advanceTimersByTimeAsync(3_600_000)
    const tries = things.asked.length
    expect(tries).toBeGreaterThan(8)
    expect(tries).toBeLessThan(25)
    things.broken = false
    await vi.advanceTimersByTimeAsync(400_000)
    expect(told).toEqual(['fresh', 'stale it is broken', 'fresh'])
    await source.stop()
    expect(source.status().state).toBe('stopped')
  })

  it('turns stale when a reading hangs', async () => {
    const things = new Things()
    const { source } = open(things)
    await source.start()
    things.gate = new Promise(() => {})
    await vi.advanceTimersByTimeAsync(89_000)
    expect(source.status().tables).toMatchObject([{ state: 'fresh' }])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(source.status().tables).toMatchObject([{ state: 'stale', because: { code: 'source/too-old' } }])
  })

  it('reads lazy tables only while they are wanted', async () => {
    const things = new Things([table('t:things', true), table('t:others', true)])
    things.set('a', 1)
    const { source, batches, rows } = open(things)
    await source.start()
    expect(things.asked).toEqual([])
    expect(source.status()).toMatchObject({ state: 'running', tables: [{ state: 'unread' }, { state: 'unread' }] })
    source.want(new Set(['t:things']))
    await vi.advanceTimersByTimeAsync(100)
    expect(await rows()).toEqual([['a', 1]])
    expect(await rows('t:others')).toEqual([])
    source.want(new Set(['t:others']))
    await vi.advanceTimersByTimeAsync(100)
    expect(await rows()).toEqual([])
    expect(await rows('t:others')).toEqual([['a', 1]])
    source.want(new Set())
    await vi.advanceTimersByTimeAsync(100_000)
    expect(things.asked).toEqual(['full', 'full'])
    expect(batches.flat().map(delta => [delta.table, delta.inserted.length, delta.removed.length])).toEqual([
      ['t:things', 1, 0],
      ['t:things', 0, 1],
      ['t:others', 1, 0],
      ['t:others', 0, 1],
    ])
    await source.stop()
  })
})

it('tells by deltas exactly what a reading after them would show, whatever happens', async () => {
  type Step = readonly ['set' | 'forget' | 'touch' | 'poll' | 'refresh' | 'read' | 'want' | 'wait', number]
  const step = fc.tuple(
    fc.constantFrom('set', 'set', 'forget', 'touch', 'poll', 'refresh', 'read', 'want', 'wait'),
    fc.nat(4),
  ) as fc.Arbitrary<Step>
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      vi.useFakeTimers({ now: 0 })
      try {
        const things = new Things([table('t:things'), table('t:lazy', true)])
        const { source, rows } = open(things)
        await source.start()
        let known = await source.read()
        source.subscribe(batch => {
          known = applyChanges(known, batch)
        })
        for (const [what, n] of steps) {
          if (what === 'set') things.set(`vm${n}`, n % 2)
          if (what === 'forget') things.set(`vm${n}`, undefined)
          if (what === 'touch') source.touch('t:things', `vm${n}`)
          if (what === 'want') source.want(new Set(n % 2 === 0 ? [] : ['t:lazy']))
          if (what === 'refresh') void source.refresh()
          if (what === 'read') known = await source.read()
          if (what === 'poll') await vi.advanceTimersByTimeAsync(11_000)
          if (what === 'wait') await vi.advanceTimersByTimeAsync(60)
        }
        await source.refresh()
        await vi.advanceTimersByTimeAsync(1000)
        const sorted = (all: readonly Row[]) => all.map(row => row.join()).sort()
        for (const name of ['t:things', 't:lazy'])
          expect(sorted(known.get(name)!.rows)).toEqual(sorted(await rows(name)))
        expect(sorted(await rows())).toEqual([...things.values].map(entry => entry.join()).sort())
        await source.stop()
      } finally {
        vi.useRealTimers()
      }
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 60) },
  )
})

it('keeps a row that comes from two things until both have let go', () => {
  const store = new RowStore()
  const row = { table: 't', row: ['x'] }
  const first = store.replace([], [row])
  const second = store.replace([], [row])
  expect(store.drain()).toEqual([{ table: 't', inserted: [['x']], removed: [] }])
  store.replace(first, [])
  expect(store.drain()).toEqual([])
  store.replace(second, [])
  store.replace([], [{ table: 't', row: ['y'] }])
  expect(store.drain()).toEqual([{ table: 't', inserted: [['y']], removed: [['x']] }])
})
