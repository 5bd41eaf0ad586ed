import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { Lease } from '../../src/control/service/record/lease.ts'
import { testConfig } from '../../src/control/service/testing/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { until } from './cloud.ts'

let store: Store | undefined
afterEach(() => store?.close())

test('a beat that comes late: its holder hears that it was not held for a while, and that it is again', async () => {
  store = await openStore({ memory: true })
  let next: (() => void) | undefined
  const clock = {
    now: () => Date.now(),
    after(_: number, call: () => void) {
      next = call
      return () => {}
    },
  }
  const config = testConfig({ control: { lease: 1 } })
  const told: unknown[] = []
  const parts = { config, store, clock, log: pino({ level: 'silent' }), replica: 'one' }
  const lease = new Lease(parts, 'it', (held, uninterrupted) => told.push({ held, uninterrupted }))
  const beat = () => {
    const call = next
    next = undefined
    call?.()
  }
  await until(() => told.length > 0, 'it is taken')
  await until(() => !lease.held, 'its beat is late')
  await until(() => {
    beat()
    return told.length >= 3
  }, 'it beats again')
  expect(told).toEqual([
    { held: true, uninterrupted: false },
    { held: false, uninterrupted: false },
    { held: true, uninterrupted: true },
  ])
  await lease.release()
})
