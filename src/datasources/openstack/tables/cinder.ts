import type { SourceDescription } from './description.ts'
import { column, pick } from './shorthand.ts'

/** Cinder, with the tables of Congress. */
export const cinder: SourceDescription = {
  name: 'cinder',
  service: 'cinder',
  description: 'Volumes and snapshots of OpenStack Block Storage',
  readings: [
    {
      name: 'volumes',
      path: '/volumes/detail?all_tenants=1',
      key: 'volumes',
      id: 'id',
      interval: 60,
      tables: [
        {
          table: 'volumes',
          description: 'Volumes of all projects',
          columns: [
            column('id', 'id', 'string', 'UUID of the volume'),
            column('size', 'size', 'number', 'Its size', { unit: 'GiB' }),
            ...pick({
              user_id: 'User that made it',
              status: '`available`, `in-use`, …',
              description: 'What it is for',
            }),
            column('name', 'name', 'string', 'Name of the volume'),
            column('bootable', 'bootable', 'boolean', 'Whether a server can boot from it'),
            ...pick({ created_at: 'When it was made', volume_type: 'Its type' }),
            column('encrypted', 'encrypted', 'boolean', 'Whether it is encrypted'),
            ...pick({ availability_zone: 'Its zone', replication_status: 'State of replication' }),
            column('multiattach', 'multiattach', 'boolean', 'Whether several servers may use it at once'),
            ...pick({
              snapshot_id: 'Snapshot that it was made from',
              source_volid: 'Volume that it was made from',
              consistencygroup_id: 'Its consistency group',
              migration_status: 'State of its migration',
            }),
          ],
        },
        {
          table: 'attachments',
          description: 'Which servers use which volumes',
          each: 'attachments.[]',
          columns: pick({
            volume_id: 'UUID of the volume',
            server_id: 'UUID of the server',
            attachment_id: 'UUID of the attachment',
            host_name: 'Host of the server',
            device: 'Device on the server',
          }),
        },
      ],
    },
    {
      name: 'snapshots',
      path: '/snapshots/detail?all_tenants=1',
      key: 'snapshots',
      id: 'id',
      interval: 120,
      tables: [
        {
          table: 'snapshots',
          description: 'Snapshots of volumes',
          columns: [
            column('id', 'id', 'string', 'UUID of the snapshot'),
            column('size', 'size', 'number', 'Its size', { unit: 'GiB' }),
            ...pick({
              status: 'Its status',
              volume_id: 'Its volume',
              name: 'Its name',
              created_at: 'When it was made',
            }),
          ],
        },
      ],
    },
    {
      name: 'services',
      path: '/os-services',
      key: 'services',
      id: 'binary+host',
      paging: 'none',
      interval: 60,
      tables: [
        {
          table: 'services',
          description: 'Services of Cinder',
          columns: pick({
            status: '`enabled` or `disabled`',
            binary: 'For example `cinder-volume`',
            zone: 'Availability zone',
            state: '`up` or `down`',
            updated_at: 'Its last sign of life',
            host: 'Host that it runs on',
            disabled_reason: 'Why it is disabled',
          }),
        },
      ],
    },
  ],
}
