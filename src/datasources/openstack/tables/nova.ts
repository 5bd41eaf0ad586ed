import type { Diagnostic } from '../../../diagnostic/index.ts'
import type { Item, SourceDescription, TableDescription } from './description.ts'
import { walk } from './paths.ts'
import { column, keyValue, pick } from './shorthand.ts'

const HOST = 'OS-EXT-SRV-ATTR:host'

const serverTags: Omit<TableDescription, 'table'> = {
  description: 'Tags of servers',
  each: 'tags.[]',
  columns: [column('server_id', '@item.id', 'string', "The server's id"), column('tag', '@value', 'string', 'The tag')],
}

/** Nova. The first columns of its tables are those of Congress, in the same order. */
export const nova: SourceDescription = {
  name: 'nova',
  service: 'nova',
  description: 'Servers, hosts and flavors of OpenStack Compute',
  readings: [
    {
      name: 'servers',
      path: '/servers/detail?all_tenants=1',
      key: 'servers',
      id: 'id',
      // Later versions give the flavor's contents in place of its id.
      microversion: '2.46',
      interval: 15,
      changes: { parameter: 'changes-since', stamp: 'updated', fullInterval: 300 },
      gone: server => server['status'] === 'DELETED' || server['status'] === 'SOFT_DELETED',
      one: { path: '/servers/{id}', key: 'server' },
      check: checkServers,
      tables: [
        {
          table: 'servers',
          description: 'Servers (VMs) of all projects',
          eager: true,
          columns: [
            ...pick({ id: 'UUID of the server', name: 'Name of the server' }),
            column('host_id', 'hostId', 'string', 'Hash of host and project, as users see it'),
            column('status', 'status', 'string', '`ACTIVE`, `SHUTOFF`, `MIGRATING`, …'),
            ...pick({ tenant_id: 'Project that owns the server', user_id: 'User that made the server' }),
            column('image_id', 'image.id', 'string', 'Image it was made from; null when it boots from a volume'),
            column('flavor_id', 'flavor.id', 'string', 'Flavor of the server'),
            column('zone', 'OS-EXT-AZ:availability_zone', 'string', 'Availability zone of its host'),
            column(
              'host_name',
              'OS-EXT-SRV-ATTR:hypervisor_hostname',
              'string',
              'Hypervisor that runs it; see `location` for the host',
            ),
            column('created_at', 'created', 'string', 'When it was made, ISO 8601'),
            column('updated_at', 'updated', 'string', 'When it was changed last, ISO 8601'),
            column('vm_state', 'OS-EXT-STS:vm_state', 'string', '`active`, `stopped`, `error`, …'),
            column('task_state', 'OS-EXT-STS:task_state', 'string', 'What Nova does with it now, or null'),
            column('power_state', 'OS-EXT-STS:power_state', 'string', 'What the hypervisor says', {
              words: {
                '0': 'unknown',
                '1': 'running',
                '3': 'paused',
                '4': 'shutdown',
                '6': 'crashed',
                '7': 'suspended',
              },
            }),
            column('locked', 'locked', 'boolean', 'Whether its user has locked it'),
            column('instance_name', 'OS-EXT-SRV-ATTR:instance_name', 'string', 'Its name on the hypervisor'),
          ],
        },
        {
          table: 'location',
          description: 'On which host each server is. Servers that are on none have no row',
          eager: true,
          columns: [
            column('vm', 'id', 'string', 'UUID of the server', { required: true }),
            column('host', HOST, 'string', 'Name of its compute service, as in `services`', { required: true }),
          ],
        },
        {
          table: 'servers.addresses',
          description: 'Addresses of servers',
          each: 'addresses.*.[]',
          columns: [
            column('server_id', '@item.id', 'string', 'UUID of the server'),
            column('network_name', '@key', 'string', 'Name of the network'),
            column('address', 'addr', 'string', 'IP address'),
            column('version', 'version', 'number', '4 or 6'),
            column('mac_address', 'OS-EXT-IPS-MAC:mac_addr', 'string', 'MAC address'),
            column('address_type', 'OS-EXT-IPS:type', 'string', '`fixed` or `floating`'),
          ],
        },
        { ...serverTags, table: 'tags' },
        { ...serverTags, table: 'servers.tags', description: 'The same as `tags`' },
        {
          table: 'servers.metadata',
          description: 'Metadata that users gave to servers',
          each: 'metadata.*',
          columns: [column('server_id', '@item.id', 'string', 'UUID of the server'), ...keyValue],
        },
        {
          table: 'servers.volumes',
          description: 'Volumes attached to servers',
          each: 'os-extended-volumes:volumes_attached.[]',
          columns: [
            column('server_id', '@item.id', 'string', 'UUID of the server'),
            column('volume_id', 'id', 'string', 'UUID of the volume'),
          ],
        },
      ],
    },
    {
      name: 'flavors',
      path: '/flavors/detail?is_public=None',
      key: 'flavors',
      id: 'id',
      interval: 300,
      tables: [
        {
          table: 'flavors',
          description: 'Flavors, public and private',
          columns: [
            ...pick({ id: 'Id of the flavor', name: 'Name of the flavor' }),
            column('vcpus', 'vcpus', 'number', 'Virtual CPUs'),
            column('ram', 'ram', 'number', 'Memory', { unit: 'MiB' }),
            column('disk', 'disk', 'number', 'Root disk', { unit: 'GiB' }),
            column('ephemeral', 'OS-FLV-EXT-DATA:ephemeral', 'number', 'Ephemeral disk', { unit: 'GiB' }),
            column('rxtx_factor', 'rxtx_factor', 'number', 'Share of network bandwidth'),
            column('swap', 'swap', 'number', 'Swap', { unit: 'MiB', words: { '': 0 } }),
            column('is_public', 'os-flavor-access:is_public', 'boolean', 'Whether every project may use it'),
            column('disabled', 'OS-FLV-DISABLED:disabled', 'boolean', 'Whether it is switched off'),
          ],
        },
        {
          table: 'flavors.extra_specs',
          description: 'What flavors ask of hosts, and more',
          each: 'extra_specs.*',
          columns: [column('flavor_id', '@item.id', 'string', 'Id of the flavor'), ...keyValue],
        },
      ],
    },
    {
      name: 'services',
      path: '/os-services',
      key: 'services',
      id: 'id',
      paging: 'none',
      interval: 30,
      tables: [
        {
          table: 'services',
          description: 'Services of Nova; those with binary `nova-compute` are the hosts',
          eager: true,
          columns: [
            column('service_id', 'id', 'string', 'UUID of the service'),
            ...pick({ binary: 'For example `nova-compute`', host: 'Host that it runs on', zone: 'Availability zone' }),
            ...pick({ status: '`enabled` or `disabled`', state: '`up` or `down`' }),
            column('updated_at', 'updated_at', 'string', 'Its last sign of life, ISO 8601'),
            column('disabled_reason', 'disabled_reason', 'string', 'Why it is disabled'),
            column('forced_down', 'forced_down', 'boolean', 'Whether an operator declared it down'),
          ],
        },
      ],
    },
    {
      name: 'hypervisors',
      path: '/os-hypervisors/detail',
      key: 'hypervisors',
      id: 'id',
      // Later versions leave out what a hypervisor has and what of it is used.
      microversion: '2.87',
      interval: 60,
      check: checkHypervisors,
      tables: [
        {
          table: 'hypervisors',
          description: 'Hypervisors with what they have and what of it is used',
          columns: [
            ...pick({
              hypervisor_hostname: 'Its own name, which Placement uses too',
              id: 'UUID, the same as in Placement',
            }),
            ...pick({ state: '`up` or `down`', status: '`enabled` or `disabled`' }),
            column('host', 'service.host', 'string', 'Name of its compute service, as in `services` and `location`'),
            ...pick({ hypervisor_type: 'For example `QEMU`', host_ip: 'Its address' }),
            column('vcpus', 'vcpus', 'number', 'CPUs'),
            column('vcpus_used', 'vcpus_used', 'number', 'Virtual CPUs of its servers'),
            column('memory_mb', 'memory_mb', 'number', 'Memory', { unit: 'MiB' }),
            column('memory_mb_used', 'memory_mb_used', 'number', 'Memory of its servers and reserved', { unit: 'MiB' }),
            column('local_gb', 'local_gb', 'number', 'Disk', { unit: 'GiB' }),
            column('local_gb_used', 'local_gb_used', 'number', 'Disk of its servers', { unit: 'GiB' }),
            column('running_vms', 'running_vms', 'number', 'Servers on it'),
          ],
        },
      ],
    },
    {
      name: 'aggregates',
      path: '/os-aggregates',
      key: 'aggregates',
      id: 'id',
      paging: 'none',
      interval: 60,
      tables: [
        {
          table: 'aggregates',
          description: 'Host aggregates',
          columns: [
            column('id', 'id', 'number', 'Number of the aggregate'),
            ...pick({ name: 'Name of the aggregate', uuid: 'UUID, the same as in Placement' }),
            column('zone', 'availability_zone', 'string', 'Availability zone that it makes, or null'),
          ],
        },
        {
          table: 'aggregates.hosts',
          description: 'Hosts of aggregates',
          each: 'hosts.[]',
          columns: [
            column('aggregate_id', '@item.id', 'number', 'Number of the aggregate'),
            column('host', '@value', 'string', 'Name of the compute service'),
          ],
        },
        {
          table: 'aggregates.metadata',
          description: 'Metadata of aggregates',
          each: 'metadata.*',
          columns: [column('aggregate_id', '@item.id', 'number', 'Number of the aggregate'), ...keyValue],
        },
      ],
    },
    {
      name: 'availability zones',
      path: '/os-availability-zone/detail',
      key: 'availabilityZoneInfo',
      id: 'zoneName',
      paging: 'none',
      interval: 60,
      tables: [
        {
          table: 'availability_zones',
          description: 'Availability zones',
          columns: [
            column('zone', 'zoneName', 'string', 'Name of the zone'),
            column('state', 'zoneState.available', 'string', '`available` or `not available`', {
              words: { true: 'available', false: 'not available' },
            }),
          ],
        },
        {
          table: 'availability_zones.hosts',
          description: 'Hosts of availability zones',
          each: 'hosts.*.*',
          columns: [
            column('zone', '@item.zoneName', 'string', 'Name of the zone'),
            column('host', '@key0', 'string', 'Name of the host'),
            column('service', '@key1', 'string', 'Service on it, for example `nova-compute`'),
            column('available', 'available', 'boolean', 'Whether the service is enabled and up'),
          ],
        },
      ],
    },
    {
      name: 'server groups',
      path: '/os-server-groups?all_projects=True',
      key: 'server_groups',
      id: 'id',
      paging: 'offset',
      interval: 60,
      tables: [
        {
          table: 'server_groups',
          description: 'Server groups of all projects with their policies',
          columns: [
            ...pick({ id: 'UUID of the group', name: 'Name of the group' }),
            column(
              'policy',
              'policy',
              'string',
              '`affinity`, `anti-affinity`, `soft-affinity` or `soft-anti-affinity`',
            ),
            column('project_id', 'project_id', 'string', 'Project that owns the group'),
            column('user_id', 'user_id', 'string', 'User that made the group'),
            column(
              'max_server_per_host',
              'rules.max_server_per_host',
              'number',
              'Servers of the group that may share a host, where it is said',
            ),
          ],
        },
        {
          table: 'server_groups.members',
          description: 'Servers of groups',
          each: 'members.[]',
          columns: [
            column('group_id', '@item.id', 'string', 'UUID of the group'),
            column('server_id', '@value', 'string', 'UUID of the server'),
          ],
        },
      ],
    },
    {
      name: 'migrations',
      path: '/os-migrations?changes-since={day ago}',
      key: 'migrations',
      id: 'id',
      interval: 15,
      changes: { parameter: 'changes-since', stamp: 'updated_at', fullInterval: 300 },
      tables: [
        {
          table: 'migrations',
          description: 'Migrations of the last day, of any kind and state',
          columns: [
            column('id', 'id', 'number', 'Number of the migration'),
            column('vm', 'instance_uuid', 'string', 'UUID of the server'),
            column('source', 'source_compute', 'string', 'Host that it leaves'),
            column('destination', 'dest_compute', 'string', 'Host that it goes to; null until Nova has chosen'),
            column('status', 'status', 'string', '`accepted`, `running`, `completed`, `error`, …'),
            column('type', 'migration_type', 'string', '`live-migration`, `migration`, `resize` or `evacuation`'),
            ...pick({ uuid: 'UUID of the migration', created_at: 'When it began', updated_at: 'When it changed last' }),
          ],
        },
      ],
    },
  ],
}

/** Running servers that Nova shows no host of: without the role of an administrator it shows none at all. */
function checkServers(servers: readonly Item[], module: string): Diagnostic[] {
  const placed = servers.filter(server => server['status'] !== 'SHELVED_OFFLOADED' && server['status'] !== 'BUILD')
  const homeless = placed.filter(server => typeof server[HOST] !== 'string')
  if (homeless.length === 0) return []
  if (!servers.some(server => HOST in server)) {
    return [
      {
        code: 'source/hosts-hidden',
        severity: 'error',
        message: `Nova does not show this user on which hosts servers are, so that \`${module}:location\` is empty`,
        help: 'give the user the admin role',
      },
    ]
  }
  const [first] = homeless
  const others = homeless.length === 1 ? '' : ` and ${homeless.length - 1} more`
  return [
    {
      code: 'source/server-without-host',
      severity: 'info',
      message: `the server \`${String(first!['id'])}\` (${String(first!['status'])})${others} is on no host: it has no row in \`${module}:location\``,
      help: 'servers that never started or have failed are on no host; delete or rebuild them',
    },
  ]
}

/** Hypervisors of one name in two cells: rows that are joined by the name would mix them up. */
function checkHypervisors(hypervisors: readonly Item[], module: string): Diagnostic[] {
  const first = new Map<unknown, Item>()
  const found: Diagnostic[] = []
  for (const hypervisor of hypervisors) {
    const name = hypervisor['hypervisor_hostname']
    const other = first.get(name)
    if (!other) first.set(name, hypervisor)
    else {
      const hosts = [other, hypervisor].map(h => `\`${String(walk(h, ['service', 'host']))}\``)
      found.push({
        code: 'source/duplicate-name',
        severity: 'warning',
        message: `two hypervisors are named \`${String(name)}\`, of the compute services ${hosts.join(' and ')}`,
        help: `join \`${module}:hypervisors\` by \`id\` or \`host\`, or give them names of their own`,
      })
    }
  }
  return found
}
