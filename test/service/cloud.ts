import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceConfigInput } from '../../src/control/service/config.ts'
import { openTestService, simulatorSource, type TestService } from '../../src/control/service/testing/index.ts'
import type { CycleView, PlanSummary, Service } from '../../src/control/service/types.ts'
import { createSimulator, type Simulator } from '../../src/datasources/index.ts'
import type { StoreOptions } from '../../src/store/index.ts'

export const someone = { id: 'someone' }

/** No host may run more than it has. */
export const CAPACITY = `
load(host, l) :- nova:location(v, host), l = sum x : { nova:location(vm, host), vm_cpu(vm, x) }
error(host, l) :- load(host, l), host_cpu(host, c), l > c
`

/** Two hosts of a zone each, the first too full: one VM has to leave it. */
export async function cloudOf(zones: readonly string[], migrationSeconds = 0.05): Promise<Simulator> {
  return createSimulator({
    migrationSeconds,
    cloud: {
      hosts: zones.flatMap(zone => ['1', '2'].map(n => ({ name: `${zone}${n}`, cpu: 4 }))),
      flavors: [{ id: 'small', vcpus: 2, memoryGiB: 1 }],
      vms: zones.flatMap(zone =>
        ['a', 'b', 'c'].map(n => ({ id: `${zone}-${n}`, host: `${zone}1`, flavor: 'small', load: 2 })),
      ),
    },
  })
}

export async function openCloud(
  simulator: Simulator,
  control: ServiceConfigInput['control'] = {},
  database?: StoreOptions,
): Promise<TestService> {
  return openTestService([simulatorSource(simulator)], { control }, database)
}

export async function until<T>(read: () => T | Promise<T>, what: string, seconds = 60): Promise<NonNullable<T>> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const value = await read()
    if (value) return value
    if (performance.now() > end) throw new Error(`it did not happen: ${what}`)
    await sleep(20)
  }
}

export async function cycles(service: Service): Promise<readonly CycleView[]> {
  return (await service.placements.cycles({})).items
}

export async function plans(service: Service): Promise<readonly PlanSummary[]> {
  return (await service.plans.list({}, {})).items
}

export async function ended(service: Service, id: string): Promise<CycleView> {
  return until(async () => (await cycles(service)).find(c => c.id === id && c.stage === 'ended'), `cycle ${id} ends`)
}
