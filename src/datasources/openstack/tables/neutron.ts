import type { SourceDescription } from './description.ts'
import { column, pick } from './shorthand.ts'

const adminState = column('admin_state_up', 'admin_state_up', 'boolean', 'Whether it is switched on')

/** Neutron, with the tables of Congress. */
export const neutron: SourceDescription = {
  name: 'neutronv2',
  service: 'neutron',
  description: 'Networks, ports, routers and security groups of OpenStack Networking',
  readings: [
    {
      name: 'networks',
      path: '/networks',
      key: 'networks',
      id: 'id',
      interval: 120,
      tables: [
        {
          table: 'networks',
          description: 'Networks',
          columns: [
            ...pick({
              id: 'UUID of the network',
              tenant_id: 'Project',
              name: 'Name of the network',
              status: 'Its status',
            }),
            adminState,
            column('shared', 'shared', 'boolean', 'Whether all projects may use it'),
          ],
        },
      ],
    },
    {
      name: 'ports',
      path: '/ports',
      key: 'ports',
      id: 'id',
      interval: 60,
      tables: [
        {
          table: 'ports',
          description: 'Ports',
          columns: [
            ...pick({
              id: 'UUID of the port',
              tenant_id: 'Project',
              name: 'Name of the port',
              network_id: 'Its network',
            }),
            column('mac_address', 'mac_address', 'string', 'MAC address'),
            adminState,
            ...pick({
              status: 'Its status',
              device_id: 'Server or router that uses it',
              device_owner: 'What kind of thing uses it',
            }),
            column('host', 'binding:host_id', 'string', 'Host that it is bound to'),
          ],
        },
        {
          table: 'fixed_ips',
          description: 'Addresses of ports',
          each: 'fixed_ips.[]',
          columns: [
            column('port_id', '@item.id', 'string', 'UUID of the port'),
            ...pick({ ip_address: 'The address', subnet_id: 'Its subnet' }),
          ],
        },
        {
          table: 'security_group_port_bindings',
          description: 'Security groups of ports',
          each: 'security_groups.[]',
          columns: [
            column('port_id', '@item.id', 'string', 'UUID of the port'),
            column('security_group_id', '@value', 'string', 'UUID of the security group'),
          ],
        },
      ],
    },
    {
      name: 'subnets',
      path: '/subnets',
      key: 'subnets',
      id: 'id',
      interval: 120,
      tables: [
        {
          table: 'subnets',
          description: 'Subnets',
          columns: [
            ...pick({
              id: 'UUID of the subnet',
              tenant_id: 'Project',
              name: 'Name of the subnet',
              network_id: 'Its network',
            }),
            column('ip_version', 'ip_version', 'number', '4 or 6'),
            ...pick({ cidr: 'Its range', gateway_ip: 'Address of the gateway' }),
            column('enable_dhcp', 'enable_dhcp', 'boolean', 'Whether it has DHCP'),
            ...pick({
              ipv6_ra_mode: 'Mode of IPv6 router advertisements',
              ipv6_address_mode: 'Mode of IPv6 addresses',
            }),
          ],
        },
        {
          table: 'allocation_pools',
          description: 'Ranges of subnets that addresses are taken from',
          each: 'allocation_pools.[]',
          columns: [
            column('subnet_id', '@item.id', 'string', 'UUID of the subnet'),
            ...pick({ start: 'First address', end: 'Last address' }),
          ],
        },
        {
          table: 'dns_nameservers',
          description: 'Name servers of subnets',
          each: 'dns_nameservers.[]',
          columns: [
            column('subnet_id', '@item.id', 'string', 'UUID of the subnet'),
            column('dns_nameserver', '@value', 'string', 'Address of the name server'),
          ],
        },
        {
          table: 'host_routes',
          description: 'Static routes of subnets',
          each: 'host_routes.[]',
          columns: [
            column('subnet_id', '@item.id', 'string', 'UUID of the subnet'),
            ...pick({ destination: 'Where to', nexthop: 'By which address' }),
          ],
        },
      ],
    },
    {
      name: 'routers',
      path: '/routers',
      key: 'routers',
      id: 'id',
      interval: 120,
      tables: [
        {
          table: 'routers',
          description: 'Routers',
          columns: [
            ...pick({ id: 'UUID of the router', tenant_id: 'Project', status: 'Its status' }),
            adminState,
            column('name', 'name', 'string', 'Name of the router'),
            column('distributed', 'distributed', 'boolean', 'Whether it is a distributed router'),
          ],
        },
        {
          table: 'external_gateway_infos',
          description: 'How routers reach the outside',
          each: 'external_gateway_info',
          columns: [
            column('router_id', '@item.id', 'string', 'UUID of the router'),
            column('network_id', 'network_id', 'string', 'External network', { required: true }),
            column('enable_snat', 'enable_snat', 'boolean', 'Whether it translates source addresses'),
          ],
        },
        {
          table: 'external_fixed_ips',
          description: 'Outer addresses of routers',
          each: 'external_gateway_info.external_fixed_ips.[]',
          columns: [
            column('router_id', '@item.id', 'string', 'UUID of the router'),
            ...pick({ subnet_id: 'UUID of the subnet', ip_address: 'The address' }),
          ],
        },
      ],
    },
    {
      name: 'security groups',
      path: '/security-groups',
      key: 'security_groups',
      id: 'id',
      interval: 120,
      tables: [
        {
          table: 'security_groups',
          description: 'Security groups',
          columns: pick({
            id: 'UUID of the group',
            tenant_id: 'Project',
            name: 'Name of the group',
            description: 'What it is for',
          }),
        },
        {
          table: 'security_group_rules',
          description: 'Rules of security groups',
          each: 'security_group_rules.[]',
          columns: [
            column('security_group_id', '@item.id', 'string', 'UUID of the group'),
            ...pick({ id: 'UUID of the rule', tenant_id: 'Project', remote_group_id: 'Group at the other end' }),
            ...pick({
              direction: '`ingress` or `egress`',
              ethertype: '`IPv4` or `IPv6`',
              protocol: 'For example `tcp`; null is any',
            }),
            column('port_range_min', 'port_range_min', 'number', 'First port'),
            column('port_range_max', 'port_range_max', 'number', 'Last port'),
            column('remote_ip_prefix', 'remote_ip_prefix', 'string', 'Addresses at the other end'),
          ],
        },
      ],
    },
    {
      name: 'floating IPs',
      path: '/floatingips',
      key: 'floatingips',
      id: 'id',
      interval: 60,
      tables: [
        {
          table: 'floating_ips',
          description: 'Floating IP addresses',
          columns: pick({
            id: 'UUID of the floating IP',
            router_id: 'Its router',
            tenant_id: 'Project',
            floating_network_id: 'External network',
            fixed_ip_address: 'Inner address',
            floating_ip_address: 'Outer address',
            port_id: 'Port that it leads to',
            status: 'Its status',
          }),
        },
      ],
    },
  ],
}
