import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contents } from '../testing/tables.ts'
import { describeCloud } from './describe.ts'
import type { CloudEvent } from './events.ts'
import { readCloud } from './read-cloud.ts'
import { CloudRows } from './rows.ts'
import type { CloudState } from './state.ts'

const CLOUD = describeCloud({
  hosts: [{ name: 'h1', cpu: 8, memoryGiB: 32 }, { name: 'h2', cpu: 4 }, { name: 'h3' }],
  flavors: [{ id: 'small', vcpus: 1, memoryGiB: 4 }],
  vms: [
    { id: 'v1', host: 'h1', flavor: 'small', load: 1 },
    { id: 'v2', host: 'h1', flavor: 'small' },
    { id: 'v3', host: 'h2', load: 0.1 },
  ],
})

it('keeps the rows that a cloud written out anew would have', () => {
  const draw = fc.record({
    op: fc.constantFrom('migrate', 'migrate', 'due', 'due', 'create', 'delete', 'host', 'load'),
    vm: fc.constantFrom('v1', 'v2', 'v3', 'v4'),
    host: fc.constantFrom('h1', 'h2', 'h3'),
    number: fc.integer({ min: 0, max: 9 }),
    flag: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(draw, { maxLength: 30 }), draws => {
      const cloud = readCloud(CLOUD)
      const { state } = cloud
      const rows = new CloudRows(cloud)
      draws.forEach((drawn, at) => {
        const event = possible(state, drawn, at)
        if (!event) return
        rows.update(state.apply(event).touched)
        expect(contents(rows.snapshot(CLOUD, ''))).toEqual(contents(new CloudRows(cloud).snapshot(CLOUD, '')))
      })
    }),
    { numRuns: 150 },
  )
})

/** The event that was drawn, unless the cloud would refuse it. */
function possible(
  state: CloudState,
  drawn: { op: string; vm: string; host: string; number: number; flag: boolean },
  at: number,
): CloudEvent | undefined {
  const { vm, host, number, flag } = drawn
  const known = state.vms.get(vm)
  switch (drawn.op) {
    case 'migrate':
      if (!known?.host || known.migration || known.host.name === host) return undefined
      return { op: 'migrate', at, token: String(at), vm, to: host, endsAt: at + number, fails: flag ? 'why' : null }
    case 'create':
      return known ? undefined : { op: 'create', at, vm, name: vm, host, flavor: 'small', tenant: 't', load: number }
    case 'delete':
      return known && { op: 'delete', at, vm }
    case 'host':
      return { op: 'host', at, host, up: flag, enabled: number > 4 }
    case 'load':
      return known && { op: 'load', at, vm, load: number / 10 }
    default:
      return { op: 'due', at }
  }
}
