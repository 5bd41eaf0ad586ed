/*
 * What python-congressclient sends: each method of its class `Client` (congressclient/v1/client.py), with the requests that come of it,
 * written down from its source with the bodies that its commands (congressclient/osc/v1/*.py) build, and what those commands read of
 * the answers. The client sends `X-Auth-Token`, `Accept: application/json`, and JSON bodies.
 */
export interface ClientRequest {
  /** Method of the client. */
  readonly call: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly status: number
  /** What the client's commands read of the answer. */
  readonly reads: unknown
}

/** Stands for an id that an earlier answer gave. */
export const RULE_ID = 'RULE-ID'
export const POLICY_ID = 'POLICY-ID'

type Any = (what: unknown) => unknown

export function clientRequests(any: Any): readonly ClientRequest[] {
  const text = any(String)
  const policy = { id: text, name: 'security', abbreviation: 'secur', description: '', owner_id: text, kind: text }
  const rule = { id: text, name: 'no_open_ports', rule: 'error(x) :- nova:servers(x, y)', comment: null }
  const source = { id: 'source-1', name: 'nova', enabled: true, type: null, config: {}, driver: 'openstack.nova' }
  const columns = [
    { name: 'id', description: 'the id' },
    { name: 'ram', description: 'None' },
  ]
  const schema = { table_id: 'servers', columns }
  return [
    {
      call: 'list_api_versions',
      method: 'GET',
      path: '/',
      status: 200,
      reads: { versions: [{ id: 'v1', status: 'CURRENT', updated: text, links: [{ rel: 'self', href: text }] }] },
    },
    {
      call: 'create_policy',
      method: 'POST',
      path: '/v1/policies',
      body: { name: 'security', description: null, abbreviation: null, kind: null },
      status: 201,
      reads: policy,
    },
    { call: 'list_policy', method: 'GET', path: '/v1/policies', status: 200, reads: { results: [policy] } },
    { call: 'show_policy', method: 'GET', path: '/v1/policies/security', status: 200, reads: policy },
    {
      call: 'create_policy_rule',
      method: 'POST',
      path: '/v1/policies/security/rules',
      body: { rule: 'error(x) :- nova:servers(x, y)', name: 'no_open_ports' },
      status: 201,
      reads: rule,
    },
    {
      call: 'list_policy_rules',
      method: 'GET',
      path: '/v1/policies/security/rules',
      status: 200,
      reads: { results: [rule] },
    },
    {
      call: 'show_policy_rule',
      method: 'GET',
      path: `/v1/policies/security/rules/${RULE_ID}`,
      status: 200,
      reads: rule,
    },
    {
      call: 'list_policy_tables',
      method: 'GET',
      path: '/v1/policies/security/tables',
      status: 200,
      reads: { results: [{ id: 'error' }] },
    },
    {
      call: 'show_policy_table',
      method: 'GET',
      path: '/v1/policies/security/tables/error',
      status: 200,
      reads: { id: 'error' },
    },
    {
      call: 'list_policy_rows',
      method: 'GET',
      path: '/v1/policies/security/tables/error/rows',
      status: 200,
      reads: { results: any(Array) },
    },
    {
      call: 'list_policy_rows(trace)',
      method: 'GET',
      path: '/v1/policies/security/tables/error/rows?trace=True',
      status: 200,
      reads: { results: any(Array), trace: text },
    },
    {
      call: 'execute_policy_action',
      method: 'POST',
      path: '/v1/policies/security?action=simulate&trace=False&delta=False',
      body: { query: 'error(x)', sequence: 'nova:servers+(1, 2)', action_policy: 'action' },
      status: 200,
      reads: { result: ['error(x) 1'] },
    },
    {
      call: 'execute_policy_action(trace, delta)',
      method: 'POST',
      path: '/v1/policies/security?action=simulate&trace=True&delta=True',
      body: { query: 'error(x)', sequence: 'nova:servers+(1, 2)', action_policy: 'action' },
      status: 200,
      reads: { result: ['error(x) 1'], trace: text },
    },
    {
      call: 'execute_policy_action(execute)',
      method: 'POST',
      path: '/v1/policies/security?action=execute&trace=False&delta=False',
      body: { name: 'nova:live_migrate', args: { positional: ['vm-1', 'host-1'] } },
      status: 200,
      reads: {},
    },
    {
      call: 'list_datasources',
      method: 'GET',
      path: '/v1/data-sources',
      status: 200,
      reads: { results: [{ ...source, description: text, owner: text }] },
    },
    {
      call: 'list_datasource_tables',
      method: 'GET',
      path: '/v1/data-sources/source-1/tables',
      status: 200,
      reads: { results: [{ id: 'servers' }] },
    },
    {
      call: 'show_datasource_table',
      method: 'GET',
      path: '/v1/data-sources/source-1/tables/servers',
      status: 200,
      reads: { id: 'servers' },
    },
    {
      call: 'list_datasource_rows',
      method: 'GET',
      path: '/v1/data-sources/source-1/tables/servers/rows',
      status: 200,
      reads: { results: any(Array) },
    },
    {
      call: 'list_datasource_status',
      method: 'GET',
      path: '/v1/data-sources/source-1/status',
      status: 200,
      reads: { last_updated: text, last_error: 'None', initialized: 'True', state: 'running' },
    },
    {
      call: 'list_datasource_actions',
      method: 'GET',
      path: '/v1/data-sources/source-1/actions',
      status: 200,
      reads: {
        results: [
          {
            name: 'live_migrate',
            description: text,
            args: [
              { name: 'vm', description: text },
              { name: 'host', description: text },
            ],
          },
        ],
      },
    },
    {
      call: 'show_datasource_schema',
      method: 'GET',
      path: '/v1/data-sources/source-1/schema',
      status: 200,
      reads: { tables: [schema] },
    },
    {
      call: 'show_datasource_table_schema',
      method: 'GET',
      path: '/v1/data-sources/source-1/tables/servers/spec',
      status: 200,
      reads: schema,
    },
    {
      call: 'execute_datasource_action',
      method: 'POST',
      path: '/v1/data-sources/source-1?action=execute',
      body: { name: 'live_migrate', args: { named: { vm: 'vm-1', host: 'host-1' } } },
      status: 200,
      reads: {},
    },
    {
      call: 'request_refresh',
      method: 'POST',
      path: '/v1/data-sources/source-1?action=request-refresh',
      body: {},
      status: 200,
      reads: null,
    },
    {
      call: 'create_datasource',
      method: 'POST',
      path: '/v1/data-sources',
      body: { name: 'other', driver: 'nova', config: {} },
      status: 501,
      reads: { error: any(Object) },
    },
    {
      call: 'delete_datasource',
      method: 'DELETE',
      path: '/v1/data-sources/source-1',
      status: 501,
      reads: { error: any(Object) },
    },
    {
      call: 'list_drivers',
      method: 'GET',
      path: '/v1/system/drivers',
      status: 200,
      reads: { results: [{ id: 'openstack.nova', description: text }] },
    },
    {
      call: 'show_driver',
      method: 'GET',
      path: '/v1/system/drivers/openstack.nova',
      status: 200,
      reads: { id: 'openstack.nova', description: text, tables: [schema] },
    },
    {
      call: 'delete_policy_rule',
      method: 'DELETE',
      path: `/v1/policies/security/rules/${RULE_ID}`,
      status: 200,
      reads: rule,
    },
    { call: 'delete_policy', method: 'DELETE', path: `/v1/policies/${POLICY_ID}`, status: 200, reads: policy },
  ]
}
