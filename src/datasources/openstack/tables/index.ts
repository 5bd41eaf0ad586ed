/**
 * Tables: what each OpenStack service is read into, as data: requests, columns with their places in JSON, types, units, descriptions.
 * Takes clients, gives readings. Knows nothing of how often they are read.
 */
import { ceilometer } from '../gnocchi/index.ts'
import { cinder } from './cinder.ts'
import type { SourceDescription } from './description.ts'
import { glance } from './glance.ts'
import { keystone } from './keystone.ts'
import { neutron } from './neutron.ts'
import { nova } from './nova.ts'
import { placement } from './placement.ts'

export { ApiReading, type TableSettings } from './api-reading.ts'
export type { SourceDescription } from './description.ts'
export { liveTable } from './row-maker.ts'

/** Every service that is read, by its usual name, in the order they are listed. */
export const sourceDescriptions: readonly SourceDescription[] = [
  nova,
  placement,
  ceilometer,
  neutron,
  keystone,
  cinder,
  glance,
]
