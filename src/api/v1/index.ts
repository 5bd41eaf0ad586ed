import type { Service } from '../../control/index.ts'
import type { Endpoint } from '../endpoint.ts'
import { dataSourceEndpoints } from './data-sources.ts'
import { policyEndpoints } from './policies.ts'
import { ruleEndpoints } from './rules.ts'
import { versionEndpoints } from './versions.ts'

/**
 * The API of OpenStack Congress, version 1: paths, bodies, answers and statuses as its client knows them. docs/guides/congress-api.md
 * lists what differs.
 */
export function v1Endpoints({ service }: { readonly service: Service }): readonly Endpoint[] {
  return [
    ...versionEndpoints(),
    ...policyEndpoints(service),
    ...ruleEndpoints(service),
    ...dataSourceEndpoints(service),
  ]
}
