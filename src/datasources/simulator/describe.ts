import type { Row, Snapshot, TableData } from '../../tables/index.ts'
import { OWN_COLUMNS, type OwnTable } from './read-cloud.ts'

/** A small cloud in a few words, for tests and demos. */
export interface CloudDescription {
  readonly hosts: readonly {
    readonly name: string
    readonly zone?: string
    /** CPU capacity, in the unit of the VMs' loads; its VCPU inventory too. */
    readonly cpu?: number
    readonly memoryGiB?: number
  }[]
  readonly flavors?: readonly { readonly id: string; readonly vcpus: number; readonly memoryGiB: number }[]
  readonly vms?: readonly {
    readonly id: string
    readonly host: string
    readonly flavor?: string
    readonly load?: number
  }[]
}

/** The tables of a described cloud. */
export function describeCloud(description: CloudDescription): Snapshot {
  const { hosts, flavors = [], vms = [] } = description
  const tables: Partial<Record<OwnTable, Row[]>> = {
    'nova:servers': vms.map(vm => [
      vm.id,
      vm.id,
      vm.host,
      'ACTIVE',
      'tenant',
      null,
      null,
      vm.flavor ?? null,
      hosts.find(host => host.name === vm.host)?.zone ?? 'nova',
      vm.host,
      null,
    ]),
    'nova:flavors': flavors.map(f => [f.id, f.id, f.vcpus, f.memoryGiB * 1024, 0, 0, 1]),
    'nova:services': hosts.map((host, i) => [
      i + 1,
      'nova-compute',
      host.name,
      host.zone ?? 'nova',
      'enabled',
      'up',
      null,
      null,
    ]),
    'nova:location': vms.map(vm => [vm.id, vm.host]),
    'placement:inventories': hosts.flatMap(host => [
      ...(host.cpu === undefined ? [] : [[host.name, 'VCPU', host.cpu, 0, 1]]),
      ...(host.memoryGiB === undefined ? [] : [[host.name, 'MEMORY_MB', host.memoryGiB * 1024, 0, 1]]),
    ]),
    host_cpu: hosts.flatMap(host => (host.cpu === undefined ? [] : [[host.name, host.cpu]])),
    vm_cpu: vms.flatMap(vm => (vm.load === undefined ? [] : [[vm.id, vm.load]])),
  }
  return new Map(
    (Object.entries(tables) as [OwnTable, Row[]][]).map(([table, rows]): [string, TableData] => [
      table,
      {
        schema: { table, columns: OWN_COLUMNS[table].split(' ').map(name => ({ name })) },
        rows,
        provenance: { source: 'description', readAt: new Date(0).toISOString() },
      },
    ]),
  )
}
