import { z } from 'zod'
import type { Diagnostic } from '../../../diagnostic/index.ts'
import { RequestError } from '../../http/index.ts'
import type { Measure } from '../../metrics/index.ts'
import { type ServiceClient, withQuery } from '../clients/index.ts'

/** How a meter is asked of Gnocchi. */
export interface GnocchiMeter {
  readonly meter: string
  readonly unit?: string | undefined
  readonly resourceType: string
  /** The attribute of a resource that names it. */
  readonly resource: string
  /** Taken off the front of that name. */
  readonly prefix?: string | undefined
  /** Gnocchi's aggregation; `{nanoseconds}` stands for those of one point. */
  readonly operations: string
}

/** The meters that Ceilometer's agents feed by default. */
export const usualMeters: readonly GnocchiMeter[] = [
  {
    meter: 'cpu-util',
    unit: '%',
    resourceType: 'nova_compute',
    resource: 'host_name',
    prefix: 'compute.',
    operations: '(metric compute.node.cpu.percent mean)',
  },
  {
    meter: 'vm-cpu',
    unit: 'CPUs',
    resourceType: 'instance',
    resource: 'id',
    operations: '(/ (rateofchange (metric cpu mean)) {nanoseconds})',
  },
]

const groups = z.array(
  z.object({ group: z.record(z.string(), z.string().nullable()), measures: z.looseObject({ measures: z.unknown() }) }),
)

export interface GnocchiWindow {
  /** Seconds that one point stands for; the archive policies of the metrics must keep such points. */
  readonly granularity: number
  /** Seconds that are looked back. */
  readonly seconds: number
}

/** What every resource showed of each meter. A meter that Gnocchi has no metrics of makes a warning; other failures throw. */
export async function readMeasures(
  client: ServiceClient,
  meters: readonly GnocchiMeter[],
  { granularity, seconds }: GnocchiWindow,
  now: number,
  signal: AbortSignal,
): Promise<{ measures: Measure[]; warnings: Diagnostic[] }> {
  const measures: Measure[] = []
  const warnings: Diagnostic[] = []
  const start = new Date(now - seconds * 1000).toISOString()
  for (const about of meters) {
    const { meter, unit, resourceType, resource, prefix = '' } = about
    const operations = about.operations.replace('{nanoseconds}', String(granularity * 1e9))
    try {
      const found = await client.call({
        method: 'POST',
        path: withQuery('/aggregates', { groupby: resource, granularity, start }),
        body: { resource_type: resourceType, search: {}, operations },
        answer: groups,
        repeatable: true,
        signal,
      })
      for (const { group, measures: inside } of found) {
        const name = group[resource] ?? ''
        measures.push({
          meter,
          ...(unit === undefined ? {} : { unit }),
          resource: name.startsWith(prefix) ? name.slice(prefix.length) : name,
          period: granularity,
          points: pointsIn(inside.measures),
        })
      }
    } catch (thrown) {
      if (!(thrown instanceof RequestError) || !isWithoutMetrics(thrown)) throw thrown
      warnings.push({
        code: 'source/no-metrics',
        severity: 'warning',
        message: `Gnocchi has nothing for the meter \`${meter}\`: ${thrown.answer ?? 'it is not found'}`,
        help: 'check that Ceilometer sends it, its archive policy against `granularity`, and `meters` of the data source',
      })
    }
  }
  return { measures, warnings }
}

function isWithoutMetrics({ status, answer = '' }: RequestError): boolean {
  return (status === 404 || status === 400) && /metric|granularity|resource type|aggregat/i.test(answer)
}

/** Every `[time, granularity, value]` at whatever depth: Gnocchi nests them by resource, metric and aggregation. */
function pointsIn(value: unknown): [number, number][] {
  if (Array.isArray(value)) {
    const [time, , number] = value as unknown[]
    if (value.length === 3 && typeof time === 'string' && typeof number === 'number')
      return [[Date.parse(time) / 1000, number]]
    return value.flatMap(pointsIn)
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(pointsIn)
}
