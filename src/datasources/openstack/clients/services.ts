import type { ServiceName } from '../keystone/session.ts'

/** A service's API: how it is found, versioned and paged. */
export interface ServiceApi extends ServiceName {
  /** Put between the catalogue's address and a path, where catalogues do not have it: `/v2.0`. */
  readonly prefix?: string
  /** Present: the service has microversions, named in the header as this type, from `lowest` (what we need) to `highest` (what we know). */
  readonly microversion?: { readonly type: string; readonly lowest: string; readonly highest: string }
  /** Whether lists take `limit` and `marker`, and how the next page is told of. */
  readonly paging: 'links' | 'next' | 'marker' | 'offset' | 'none'
}

/** The services that are read, by the name of their data source. */
export const services = {
  keystone: { types: ['identity'], title: 'Keystone', prefix: '/v3', paging: 'none' },
  nova: {
    types: ['compute'],
    title: 'Nova',
    microversion: { type: 'compute', lowest: '2.65', highest: '2.93' },
    paging: 'links',
  },
  placement: {
    types: ['placement'],
    title: 'Placement',
    microversion: { type: 'placement', lowest: '1.28', highest: '1.39' },
    paging: 'none',
  },
  neutron: { types: ['network'], title: 'Neutron', prefix: '/v2.0', paging: 'links' },
  cinder: {
    types: ['block-storage', 'volumev3', 'volume'],
    title: 'Cinder',
    microversion: { type: 'volume', lowest: '3.0', highest: '3.70' },
    paging: 'links',
  },
  glance: { types: ['image'], title: 'Glance', prefix: '/v2', paging: 'next' },
  gnocchi: { types: ['metric'], title: 'Gnocchi', prefix: '/v1', paging: 'marker' },
} as const satisfies Record<string, ServiceApi>

export type ServiceKey = keyof typeof services
