import type { ColumnDescription, ReadingDescription, SourceDescription } from './description.ts'
import { column } from './shorthand.ts'

const provider: ColumnDescription = column('provider', '@item.parent.uuid', 'string', 'UUID of the resource provider')

const resourceClass = 'For example `VCPU`, `MEMORY_MB` (MiB) or `DISK_GB` (GiB)'

/** A reading of one answer for each resource provider. */
function details(
  what: string,
  more: Pick<ReadingDescription, 'interval' | 'tables'>,
  generation = true,
): ReadingDescription {
  return {
    name: what,
    path: `/resource_providers/{uuid}/${what}`,
    id: 'parent.uuid',
    of: {
      path: '/resource_providers',
      key: 'resource_providers',
      id: 'uuid',
      ...(generation ? { generation: 'generation' } : {}),
    },
    ...more,
  }
}

/** Placement. Congress had no tables of it. */
export const placement: SourceDescription = {
  name: 'placement',
  service: 'placement',
  description: 'Resources that hosts have and servers hold, of OpenStack Placement',
  readings: [
    {
      name: 'resource providers',
      path: '/resource_providers',
      key: 'resource_providers',
      id: 'uuid',
      interval: 60,
      tables: [
        {
          table: 'resource_providers',
          description: 'What has resources: hypervisors, and devices and pools within them',
          columns: [
            column('uuid', 'uuid', 'string', 'UUID; for a hypervisor the same as in `nova:hypervisors`'),
            column('name', 'name', 'string', "The hypervisor's own name"),
            column('parent', 'parent_provider_uuid', 'string', 'The provider that it is within, or null'),
            column('root', 'root_provider_uuid', 'string', 'The outermost provider'),
          ],
        },
      ],
    },
    details('inventories', {
      interval: 60,
      tables: [
        {
          table: 'inventories',
          description: 'What each provider has. It can give (total − reserved) · allocation_ratio',
          each: 'body.inventories.*',
          columns: [
            provider,
            column('resource_class', '@key', 'string', resourceClass),
            column('total', 'total', 'number', 'What is there, in the unit of the class'),
            column('reserved', 'reserved', 'number', 'What of it is not for servers'),
            column('allocation_ratio', 'allocation_ratio', 'number', 'How often the rest may be given'),
            column('min_unit', 'min_unit', 'number', 'The least that one server may take'),
            column('max_unit', 'max_unit', 'number', 'The most that one server may take'),
            column('step_size', 'step_size', 'number', 'Amounts are multiples of it'),
          ],
        },
      ],
    }),
    // Taking an allocation away does not change the generation of its provider.
    details(
      'usages',
      {
        interval: 60,
        tables: [
          {
            table: 'usages',
            description: 'What of each provider is held, by servers and by migrations that run',
            each: 'body.usages.*',
            columns: [
              provider,
              column('resource_class', '@key', 'string', resourceClass),
              column('used', '@value', 'number', 'What is held, in the unit of the class'),
            ],
          },
        ],
      },
      false,
    ),
    details(
      'allocations',
      {
        interval: 60,
        tables: [
          {
            table: 'allocations',
            description: 'What each server or migration holds of each provider',
            each: 'body.allocations.*.resources.*',
            columns: [
              column(
                'consumer',
                '@key0',
                'string',
                'UUID of the server, or of the migration for what it holds at its source',
              ),
              provider,
              column('resource_class', '@key1', 'string', resourceClass),
              column('amount', '@value', 'number', 'What it holds, in the unit of the class'),
            ],
          },
        ],
      },
      false,
    ),
    details('traits', {
      interval: 300,
      tables: [
        {
          table: 'traits',
          description: 'What providers can do',
          each: 'body.traits.[]',
          columns: [provider, column('trait', '@value', 'string', 'For example `HW_CPU_X86_AVX2`')],
        },
      ],
    }),
    details('aggregates', {
      interval: 300,
      tables: [
        {
          table: 'aggregates',
          description: 'Aggregates of providers',
          each: 'body.aggregates.[]',
          columns: [provider, column('aggregate', '@value', 'string', 'UUID, as in `nova:aggregates`')],
        },
      ],
    }),
  ],
}
