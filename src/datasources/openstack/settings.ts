import { z } from 'zod'
import { duration, moduleName, reaching, staleAfter, tableSettings } from '../config/index.ts'
import { measuredTables } from '../metrics/index.ts'
import { authSettings } from './access/index.ts'
import { services as apis } from './clients/index.ts'
import { type SourceDescription, sourceDescriptions } from './tables/index.ts'

const meter = z.strictObject({
  meter: z.string().min(1),
  unit: z.string().optional(),
  resourceType: z.string().min(1),
  resource: z.string().min(1),
  prefix: z.string().optional(),
  operations: z.string().min(1),
})

/** What may be said of a service: of its tables, each by its name. */
function serviceOf({ readings, service }: SourceDescription) {
  const described = readings.flatMap(({ tables }) => tables.map(({ table }) => table))
  const names = service === 'gnocchi' ? [...described, ...measuredTables.map(({ table }) => table)] : described
  return z.strictObject({
    /** The module of its tables, where not the usual one. */
    name: moduleName.optional(),
    tables: z.strictObject(Object.fromEntries(names.map(name => [name, tableSettings.optional()]))).optional(),
  })
}

/** Services by the usual names of their sources. */
const services = Object.fromEntries(
  sourceDescriptions.map((description): [string, z.ZodOptional<ReturnType<typeof serviceOf>>] => [
    description.name,
    serviceOf(description).optional(),
  ]),
)

const serviceType = z.enum(Object.values(apis).flatMap(({ types }) => [...types]))

export const openstackSettings = z.strictObject({
  driver: z.literal('openstack'),
  name: z.string().min(1),
  cloud: z.string().min(1).optional(),
  cloudsFile: z.string().min(1).optional(),
  auth: authSettings.optional(),
  region: z.string().min(1).optional(),
  interface: z.enum(['public', 'internal', 'admin']).optional(),
  endpoints: z.partialRecord(serviceType, z.url()).optional(),
  microversions: z
    .partialRecord(serviceType, z.string().regex(/^\d+\.\d+$/, 'is no microversion; write it like `"2.90"`, in quotes'))
    .optional(),
  ...reaching,
  /** Items of one page of a list. */
  pageSize: z.number().int().min(1).max(10_000).default(1000),
  staleAfter,
  /** The services that are read. Default: all of them. */
  services: z.strictObject(services).optional(),
  ceilometer: z
    .strictObject({
      interval: duration.default(60),
      granularity: duration.default(300),
      window: duration.default(600),
      meters: z.array(meter).optional(),
    })
    .prefault({}),
  /** Where the cloud says what changes. Without, changes are found by polling. */
  notifications: z
    .strictObject({
      url: z.string().regex(/^amqps?:\/\//, 'is no address of a message queue: it begins with `amqp://` or `amqps://`'),
      /** Nodes of a cluster, in place of the one in the address. */
      hosts: z
        .array(z.string().regex(/^[^/\s]+:\d+$/, 'is no `HOST:PORT`'))
        .min(1)
        .optional(),
      exchange: z.string().min(1).optional(),
      topics: z.array(z.string().min(1)).min(1).optional(),
      caFile: z.string().optional(),
    })
    .optional(),
  /** Hosts that `http:request` may call. */
  allowedHosts: z.array(z.string().min(1)).default([]),
})

export type OpenStackSettings = z.output<typeof openstackSettings>
