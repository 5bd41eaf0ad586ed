import { pino } from 'pino'
import type { LiveSource } from '../../../datasources/index.ts'
import { openStore, type Store, type StoreOptions } from '../../../store/index.ts'
import { configSchema, type ServiceConfig, type ServiceConfigInput } from '../config.ts'
import { createService } from '../create-service.ts'
import type { Service } from '../types.ts'

export interface TestService {
  readonly service: Service
  readonly store: Store
  stop(): Promise<void>
}

/** A configuration with a database in memory, short times, and what is given. */
export function testConfig(given: Partial<ServiceConfigInput> = {}): ServiceConfig {
  const { control, ...rest } = given
  return configSchema.parse({
    database: { file: ':memory:' },
    log: { level: 'silent' },
    control: { lease: 0.6, ...control, events: { settle: 0.02, ...control?.events } },
    ...rest,
  })
}

/** A service over sources of a test, on a database of its own. */
export async function openTestService(
  sources: readonly LiveSource[],
  given: Partial<ServiceConfigInput> = {},
  database: StoreOptions = { memory: true },
): Promise<TestService> {
  const store = await openStore(database)
  const config = testConfig(given)
  // A file to write to, for finding out what a failing test does.
  const file = process.env['USHER_TEST_LOG']
  const log = file ? pino({ level: 'debug' }, pino.destination({ dest: file, sync: true })) : pino({ level: 'silent' })
  const service = await createService(config, { sources, store, log })
  return {
    service,
    store,
    async stop() {
      await service.stop()
      await store.close()
    },
  }
}
