import { z } from 'zod'
import { type ActionType, refused, type Trace } from './action-type.ts'
import type { Nova } from './nova.ts'

const image = z.union([z.string(), z.array(z.string()).min(1)])
const input = z.union([
  z.object({ aggregate: z.union([z.string(), z.number()]), host: z.undefined().optional(), image }),
  z.object({ host: z.string(), aggregate: z.undefined().optional(), image }),
])
type Input = z.infer<typeof input>

type AggregateTrace = Trace & { readonly aggregate: number }

/**
 * Let hosts fetch images before they are needed. Nova takes aggregates only: for a host it is the smallest that it is in. Nova does it in
 * its own time and does not tell how it went.
 */
export function cacheImage(nova: Nova): ActionType<Input, AggregateTrace> {
  return {
    name: 'nova:cache_image',
    description: 'let the hosts of an aggregate fetch images beforehand',
    inputs: [
      { name: 'aggregate', description: 'name or number of the aggregate; or else', required: false },
      { name: 'host', description: 'a host: the smallest aggregate that it is in', required: false },
      { name: 'image', description: 'id of the image, or a list of them', required: true },
    ],
    input,
    async look({ aggregate, host }) {
      const all = await nova.aggregates()
      if (host !== undefined) {
        const [smallest] = all.filter(a => a.hosts.includes(host)).sort((a, b) => a.hosts.length - b.hosts.length)
        if (!smallest) return refused(`the host \`${host}\` is in no aggregate, and Nova caches by aggregates`, 'never')
        return { kind: 'go', trace: { aggregate: smallest.id } }
      }
      const found = all.find(a => a.name === aggregate || String(a.id) === String(aggregate))
      if (!found) return refused(`there is no aggregate \`${aggregate}\``, 'never')
      if (found.hosts.length === 0) return { kind: 'done', detail: 'the aggregate has no hosts' }
      return { kind: 'go', trace: { aggregate: found.id } }
    },
    send: ({ image }, trace) => nova.cacheImages(trace.aggregate, typeof image === 'string' ? [image] : image),
    // A host that has an image already does not fetch it again, so it may be asked twice.
    follow: async (_input, _trace, sent) =>
      sent ? { kind: 'succeeded', detail: 'Nova was asked' } : { kind: 'unknown' },
  }
}
