import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { databaseUrl, type Layout, PASSWORD, queueUrl, REGION, url } from './layout.ts'

type Sections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>

/** Files of settings, by what they are for. */
export interface Settings {
  readonly keystone: string
  readonly placement: string
  readonly glance: string
  readonly nova: string
  /** As `nova`, without the databases: a compute must not know them. */
  readonly compute: string
  /** What only one compute has. */
  readonly host: (name: string) => string
  readonly fernetKeys: string
  readonly gnocchi: string
  readonly cinder: string
}

/** Write all settings. */
export function writeSettings(layout: Layout): Settings {
  const { etc, state } = layout
  const file = (path: string, sections: Sections) => write(join(etc, path), sections)
  const paste = (path: string, sections: Sections) => write(join(etc, path), sections)
  const fernetKeys = join(etc, 'keystone/fernet')
  const login = {
    auth_type: 'password',
    auth_url: url(layout, 'identity', '/v3'),
    project_domain_name: 'Default',
    user_domain_name: 'Default',
    project_name: 'service',
    username: 'openstack',
    password: PASSWORD,
    region_name: REGION,
  }
  const checkTokens = {
    ...login,
    www_authenticate_uri: url(layout, 'identity', '/v3'),
    memcached_servers: `127.0.0.1:${layout.ports.cache}`,
    service_token_roles_required: true,
  }
  const nova = (databases: boolean): Sections => ({
    DEFAULT: {
      my_ip: '127.0.0.1',
      transport_url: queueUrl(layout, 'rabbit'),
      state_path: join(state, 'nova'),
      osapi_compute_listen: '127.0.0.1',
      osapi_compute_listen_port: layout.ports.compute,
      osapi_compute_workers: 1,
      enabled_apis: 'osapi_compute',
      // A killed compute is known to be down after so long.
      report_interval: 5,
      service_down_time: 20,
      update_resources_interval: 60,
      sync_power_state_interval: -1,
      heal_instance_info_cache_interval: -1,
      periodic_fuzzy_delay: 0,
      reserved_host_memory_mb: 0,
      initial_cpu_allocation_ratio: '4.0',
      initial_ram_allocation_ratio: '1.0',
      rpc_response_timeout: 30,
    },
    ...(databases && {
      api_database: { connection: databaseUrl(layout, 'nova_api') },
      database: { connection: databaseUrl(layout, 'nova') },
    }),
    api: { auth_strategy: 'keystone' },
    wsgi: { api_paste_config: join(etc, 'nova/api-paste.ini') },
    quota: { instances: -1, cores: -1, ram: -1, server_groups: -1, server_group_members: -1 },
    conductor: { workers: 1 },
    scheduler: { workers: 1, discover_hosts_in_cells_interval: 10 },
    filter_scheduler: {
      enabled_filters:
        'ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter',
    },
    notifications: { notification_format: 'both', notify_on_state_change: 'vm_and_task_state' },
    oslo_messaging_notifications: { driver: 'messagingv2', topics: 'notifications' },
    oslo_messaging_rabbit: { heartbeat_in_pthread: false },
    oslo_concurrency: { lock_path: join(state, 'nova/lock') },
    glance: { api_servers: url(layout, 'images') },
    vnc: { enabled: false },
    placement: login,
    neutron: login,
    service_user: { ...login, send_service_user_token: false },
    keystone_authtoken: checkTokens,
  })
  for (const folder of ['nova/lock', 'nova/instances', 'glance/images', 'glance/lock', 'gnocchi/tmp', 'cinder/lock'])
    mkdirSync(join(state, folder), { recursive: true })
  paste('nova/api-paste.ini', {
    'composite:osapi_compute': {
      use: 'call:nova.api.openstack.urlmap:urlmap_factory',
      '/': 'versions',
      '/v2.1': 'v21',
    },
    'composite:v21': {
      use: 'call:nova.api.auth:pipeline_factory_v21',
      keystone: 'request_id faults sizelimit token context v21app',
    },
    'pipeline:versions': { pipeline: 'request_id faults versionsapp' },
    'filter:request_id': { 'paste.filter_factory': 'nova.api.compute_req_id:ComputeReqIdMiddleware.factory' },
    'filter:faults': { 'paste.filter_factory': 'nova.api.openstack:FaultWrapper.factory' },
    'filter:sizelimit': { 'paste.filter_factory': 'oslo_middleware:RequestBodySizeLimiter.factory' },
    'filter:token': { 'paste.filter_factory': 'keystonemiddleware.auth_token:filter_factory' },
    'filter:context': { 'paste.filter_factory': 'nova.api.auth:NovaKeystoneContext.factory' },
    'app:v21app': { 'paste.app_factory': 'nova.api.openstack.compute:APIRouterV21.factory' },
    'app:versionsapp': { 'paste.app_factory': 'nova.api.openstack.compute.versions:Versions.factory' },
  })
  const glancePaste = paste('glance/paste.ini', {
    'pipeline:glance-api-keystone': { pipeline: 'versions token context root' },
    'composite:root': { 'paste.composite_factory': 'glance.api:root_app_factory', '/': 'versionsapp', '/v2': 'v2' },
    'app:versionsapp': { 'paste.app_factory': 'glance.api.versions:create_resource' },
    'app:v2': { 'paste.app_factory': 'glance.api.v2.router:API.factory' },
    'filter:versions': {
      'paste.filter_factory': 'glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory',
    },
    'filter:token': {
      'paste.filter_factory': 'keystonemiddleware.auth_token:filter_factory',
      delay_auth_decision: true,
    },
    'filter:context': { 'paste.filter_factory': 'glance.api.middleware.context:ContextMiddleware.factory' },
  })
  const gnocchiPath = join(etc, 'gnocchi/gnocchi.conf')
  const gnocchiPaste = paste('gnocchi/api-paste.ini', {
    'composite:gnocchi+keystone': { use: 'egg:Paste#urlmap', '/': 'versions', '/v1': 'v1' },
    'pipeline:v1': { pipeline: 'token v1app' },
    'filter:token': {
      use: 'egg:keystonemiddleware#auth_token',
      oslo_config_project: 'gnocchi',
      oslo_config_file: gnocchiPath,
    },
    'app:versions': {
      'paste.app_factory': 'gnocchi.rest.app:app_factory',
      root: 'gnocchi.rest.api.VersionsController',
    },
    'app:v1app': { 'paste.app_factory': 'gnocchi.rest.app:app_factory', root: 'gnocchi.rest.api.V1Controller' },
  })
  const cinderPaste = paste('cinder/api-paste.ini', {
    'composite:osapi_volume': { use: 'call:cinder.api:root_app_factory', '/': 'versions', '/v3': 'v3' },
    'composite:v3': {
      use: 'call:cinder.api.middleware.auth:pipeline_factory',
      keystone: 'request_id faults sizelimit token context v3app',
    },
    'pipeline:versions': { pipeline: 'request_id faults versionsapp' },
    'filter:request_id': { 'paste.filter_factory': 'cinder.api.middleware.request_id:RequestId.factory' },
    'filter:faults': { 'paste.filter_factory': 'cinder.api.middleware.fault:FaultWrapper.factory' },
    'filter:sizelimit': { 'paste.filter_factory': 'oslo_middleware.sizelimit:RequestBodySizeLimiter.factory' },
    'filter:token': { 'paste.filter_factory': 'keystonemiddleware.auth_token:filter_factory' },
    'filter:context': { 'paste.filter_factory': 'cinder.api.middleware.auth:CinderKeystoneContext.factory' },
    'app:v3app': { 'paste.app_factory': 'cinder.api.v3.router:APIRouter.factory' },
    'app:versionsapp': { 'paste.app_factory': 'cinder.api.versions:Versions.factory' },
  })
  const measures = { driver: 'file', file_basepath: join(state, 'gnocchi') }
  return {
    fernetKeys,
    cinder: file('cinder/cinder.conf', {
      DEFAULT: {
        auth_strategy: 'keystone',
        // There is no volume service, and so no zone.
        allow_availability_zone_fallback: true,
        scheduler_driver_init_wait_time: 1,
        report_interval: 1,
        api_paste_config: cinderPaste,
        state_path: join(state, 'cinder'),
        transport_url: queueUrl(layout, 'rabbit'),
        glance_api_servers: url(layout, 'images'),
      },
      database: { connection: databaseUrl(layout, 'cinder') },
      oslo_concurrency: { lock_path: join(state, 'cinder/lock') },
      keystone_authtoken: checkTokens,
    }),
    gnocchi: file('gnocchi/gnocchi.conf', {
      DEFAULT: { coordination_url: `file://${join(state, 'gnocchi/coordination')}`, parallel_operations: 1 },
      api: { auth_mode: 'keystone', paste_config: gnocchiPaste },
      indexer: { url: databaseUrl(layout, 'gnocchi') },
      storage: measures,
      incoming: measures,
      metricd: { workers: 1, metric_processing_delay: 1, greedy: true },
      keystone_authtoken: checkTokens,
    }),
    keystone: file('keystone/keystone.conf', {
      database: { connection: databaseUrl(layout, 'keystone') },
      token: { provider: 'fernet', expiration: 3600 },
      fernet_tokens: { key_repository: fernetKeys },
      credential: { key_repository: join(etc, 'keystone/credential') },
      cache: {
        enabled: true,
        backend: 'dogpile.cache.memcached',
        memcache_servers: `127.0.0.1:${layout.ports.cache}`,
      },
    }),
    placement: file('placement/placement.conf', {
      api: { auth_strategy: 'keystone' },
      placement_database: { connection: databaseUrl(layout, 'placement') },
      keystone_authtoken: checkTokens,
    }),
    glance: file('glance/glance-api.conf', {
      DEFAULT: { bind_host: '127.0.0.1', bind_port: layout.ports.images, workers: 0 },
      database: { connection: databaseUrl(layout, 'glance') },
      glance_store: { stores: 'file', default_store: 'file', filesystem_store_datadir: join(state, 'glance/images') },
      oslo_concurrency: { lock_path: join(state, 'glance/lock') },
      paste_deploy: { flavor: 'keystone', config_file: glancePaste },
      keystone_authtoken: checkTokens,
    }),
    nova: file('nova/nova.conf', nova(true)),
    compute: file('nova/compute.conf', nova(false)),
    host: name => {
      const own = join(state, `nova-${name}`)
      for (const folder of ['lock', 'instances']) mkdirSync(join(own, folder), { recursive: true })
      return file(`nova/host-${name}.conf`, {
        DEFAULT: { host: name, compute_driver: 'fake.UsherDriver', state_path: own },
        oslo_concurrency: { lock_path: join(own, 'lock') },
      })
    },
  }
}

function write(path: string, sections: Sections): string {
  mkdirSync(dirname(path), { recursive: true })
  const lines = Object.entries(sections).flatMap(([name, options]) => [
    `[${name}]`,
    ...Object.entries(options).map(([option, value]) => `${option} = ${value}`),
    '',
  ])
  writeFileSync(path, lines.join('\n'))
  return path
}
