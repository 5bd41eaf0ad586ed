import { afterEach, expect, test } from 'vitest'
import { createService } from '../../src/control/index.ts'
import { simulatorSource, testConfig } from '../../src/control/service/testing/index.ts'
import type { Simulator } from '../../src/datasources/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { CAPACITY, cloudOf, someone, until } from './cloud.ts'

let store: Store | undefined
let simulator: Simulator | undefined
afterEach(async () => {
  simulator?.close()
  await store?.close()
})

test('a violation that was recorded by a clock hours ahead counts at once for a replica that takes over', async () => {
  simulator = await cloudOf(['x'])
  store = await openStore({ memory: true })
  const sources = () => [simulatorSource(simulator!)]
  const ahead = {
    now: () => Date.now() + 7_200_000,
    after(ms: number, call: () => void) {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    },
  }
  const rows = () => store!.db.selectFrom('violations').select(['since', 'until']).execute()
  const first = await createService(testConfig(), { sources: sources(), store, clock: ahead })
  try {
    await first.policies.create({ name: 'capacity', text: CAPACITY, mode: 'monitor' }, someone)
    await until(async () => (await rows()).length === 1, 'the violation is recorded')
  } finally {
    await first.stop()
  }
  expect((await rows())[0]!.since).toBeGreaterThan(Date.now() + 3_600_000)
  const next = await createService(testConfig(), { sources: sources(), store })
  try {
    // Who takes this lease learns from the database when violations began.
    const taken = async () =>
      (await store!.db.selectFrom('leases').select('epoch').where('name', '=', 'recorder').execute())[0]
    await until(async () => (await taken())!.epoch > 1, 'the other records')
    await next.policies.change('capacity', { mode: 'enforce' }, {}, someone)
    await until(() => simulator!.issued.length > 0, 'a VM is moved')
    await until(async () => (await rows()).every(row => row.until !== null), 'the violation is over')
  } finally {
    await next.stop()
  }
})
