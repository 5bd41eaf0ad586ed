import type { z } from 'zod'
import type { PlacementReport, PlanReport, Service } from '../../control/index.ts'
import type { ApiSettings } from '../config.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Streams } from '../events/streams.ts'
import type { Metrics } from '../metrics.ts'
import { eventEndpoints } from './events.ts'
import { operationEndpoints } from './operation.ts'
import { planEndpoints } from './plans.ts'
import { policyEndpoints } from './policies.ts'
import { snapshotEndpoints } from './snapshots.ts'
import { tableEndpoints } from './tables.ts'
import { violationEndpoints } from './violations.ts'
import { workflowEndpoints } from './workflows.ts'

/** What the endpoints of Usher's own API work with. */
export interface V2Parts {
  readonly service: Service
  readonly settings: ApiSettings
  readonly streams: Streams
  readonly metrics: Metrics
  readonly version: string
  /** The form of a plan's report. */
  readonly planReport: z.ZodType<PlanReport>
  readonly placementReport: z.ZodType<PlacementReport>
}

/** Usher's own API. */
export function v2Endpoints(parts: V2Parts): readonly Endpoint[] {
  return [
    ...policyEndpoints(parts),
    ...violationEndpoints(parts),
    ...tableEndpoints(parts),
    ...planEndpoints(parts),
    ...workflowEndpoints(parts),
    ...snapshotEndpoints(parts),
    ...eventEndpoints(parts),
    ...operationEndpoints(parts),
  ]
}
