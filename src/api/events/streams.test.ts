import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Events, ServiceEvent } from '../../control/index.ts'
import { RecentEvents } from './recent.ts'
import { createStreams } from './streams.ts'

const event = (n: number): ServiceEvent => ({ id: String(n), at: '', kind: n % 2 ? 'plan' : 'cost', data: { n } })

test('recent events are found by position and id as long as they are kept', () => {
  const recent = new RecentEvents(10)
  for (let n = 0; n < 95; n++) {
    recent.add(event(n))
    expect(recent.end).toBe(n + 1)
    expect(recent.end - recent.start).toBeGreaterThanOrEqual(Math.min(10, n + 1))
    expect(recent.end - recent.start).toBeLessThan(20)
    expect(recent.from(recent.start, 1)[0]).toEqual(event(recent.start))
    expect(recent.positionOf(String(n))).toBe(n)
    expect(recent.positionOf(String(recent.start - 1))).toBeUndefined()
  }
})

/**
 * A service whose followers each hear of events when they look, as with a database: late, and each at its own time. `hear(i)` lets the
 * i-th follower read some events.
 */
function lateEvents(log: readonly ServiceEvent[]) {
  const followers: { at: number; alive: boolean; listener: (event: ServiceEvent) => void }[] = []
  const events: Events = {
    follow(after, _kinds, listener) {
      const follower = { at: after === undefined ? log.length : Number(after), alive: true, listener }
      followers.push(follower)
      return () => {
        follower.alive = false
      }
    },
  }
  const hear = (i: number, most: number): void => {
    const follower = followers[i % followers.length]!
    for (let n = 0; n < most && follower.alive && follower.at < log.length; n++) follower.listener(log[follower.at++]!)
  }
  return { events, hear, all: () => followers.forEach((_, i) => void hear(i, Number.POSITIVE_INFINITY)) }
}

/** What one client was written. */
function fakeClient() {
  const seen: number[] = []
  const raw = {
    writableNeedDrain: false,
    destroyed: false,
    on() {},
    writeHead() {},
    end() {},
    destroy() {},
    write(part: string | Buffer) {
      for (const [, json] of String(part).matchAll(/^data: (.*)$/gm)) seen.push(JSON.parse(json!).data.n)
      return true
    },
  }
  const reply = { raw, hijack() {}, getHeaders: () => ({}) }
  return { seen, raw, reply }
}

test('whenever a client comes, wherever it left off, it gets every event once and in order', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('happen' as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant('hear' as const), who: fc.nat(8), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ do: fc.constant('join' as const), back: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ do: fc.constant('stall' as const), who: fc.nat(8) }),
    fc.constant({ do: 'wait' as const }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async steps => {
      const log: ServiceEvent[] = []
      const late = lateEvents(log)
      const streams = createStreams(late.events, 1000, { stillValid: async () => true })
      const joined: { client: ReturnType<typeof fakeClient>; after: number }[] = []
      for (const one of steps) {
        if (one.do === 'happen') for (let i = 0; i < one.count; i++) log.push(event(log.length + 1))
        else if (one.do === 'hear') late.hear(one.who, one.count)
        else if (one.do === 'wait') await new Promise(done => setTimeout(done, 1))
        else if (one.do === 'stall') {
          const { raw } = joined[one.who % Math.max(1, joined.length)]?.client ?? {}
          if (raw) raw.writableNeedDrain = !raw.writableNeedDrain
        } else {
          const client = fakeClient()
          const after = Math.max(0, log.length - one.back)
          streams.open({} as never, client.reply as never, { after: String(after) })
          joined.push({ client, after })
        }
      }
      late.all()
      for (const { client } of joined) client.raw.writableNeedDrain = false
      late.all()
      streams.closeAll()
      for (const { client, after } of joined)
        expect(client.seen).toEqual(Array.from({ length: log.length - after }, (_, i) => after + i + 1))
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 40) },
  )
})
