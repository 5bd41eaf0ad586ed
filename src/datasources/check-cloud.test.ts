import { expect, it } from 'vitest'
import type { Row } from '../tables/index.ts'
import { checkCloud } from './check-cloud.ts'
import { tables } from './testing/tables.ts'

const codes = (given: Readonly<Record<string, readonly Row[]>>) =>
  checkCloud(tables(given)).map(d => `${d.severity} ${d.code}`)

it('finds nothing wrong with a sound cloud', () => {
  expect(codes({ 'nova:location vm host': [['v', 'h']] })).toEqual([])
  expect(
    codes({
      'nova:location vm host': [
        ['v', 'h'],
        ['v', 'h'],
      ],
      'nova:hosts host': [['h']],
    }),
  ).toEqual([])
})

it('tells no cloud from an empty one', () => {
  expect(codes({})).toEqual(['error data/empty-cloud'])
  expect(codes({ 'nova:location vm host': [] })).toEqual(['error data/empty-cloud'])
  expect(codes({ 'p a': [[1]] })).toEqual(['warning data/no-location'])
})

it('looks for hosts among compute services, hypervisors and hosts', () => {
  const location = {
    'nova:location vm host': [
      ['a', 'server-1'],
      ['b', 'server-2'],
      ['c', 'control'],
    ],
  }
  const services = {
    'nova:services service_id binary host': [
      [1, 'nova-compute', 'server-1'],
      [2, 'nova-conductor', 'control'],
    ],
  }
  expect(codes({ ...location, ...services })).toEqual(['error data/unknown-host', 'error data/unknown-host'])
  const all = {
    ...location,
    ...services,
    'nova:hypervisors hypervisor_hostname': [['server-2']],
    'nova:hosts name': [['control']],
  }
  expect(codes(all)).toEqual([])
})

it('suggests the nearest host', () => {
  const found = checkCloud(
    tables({ 'nova:location vm host': [['a', 'servr-1']], 'nova:hosts host': [['server-1'], ['x']] }),
  )
  expect(found[0]).toMatchObject({ code: 'data/unknown-host', help: 'did you mean `server-1`?' })
})

it('names both rows of a VM on two hosts', () => {
  const found = checkCloud(
    tables({
      'nova:location vm host': [
        ['a', 'h'],
        ['b', 'h'],
        ['a', 'g'],
      ],
    }),
  )
  expect(found).toMatchObject([
    {
      code: 'data/vm-on-two-hosts',
      notes: [{ message: 'the first row is `a, h`' }, { message: 'the second row is `a, g`' }],
    },
  ])
})

it('wants VM and host, in this order', () => {
  expect(codes({ 'nova:location vm': [['a']] })).toEqual(['error data/location-columns'])
  expect(codes({ 'nova:location host vm': [['h', 'a']] })).toEqual(['error data/location-columns'])
})
