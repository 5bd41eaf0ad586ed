import { z } from 'zod'
import { type ActionType, refused, type Trace } from './action-type.ts'
import type { Nova } from './nova.ts'

const input = z.object({
  aggregate: z.union([z.string(), z.number()]),
  image: z.union([z.string(), z.array(z.string()).min(1)]),
})
type Input = z.infer<typeof input>

type AggregateTrace = Trace & { readonly aggregate: number }

/** Let all hosts of an aggregate fetch images before they are needed. Nova does it in its own time and does not tell how it went. */
export function cacheImage(nova: Nova): ActionType<Input, AggregateTrace> {
  return {
    name: 'nova:cache_image',
    description: 'let the hosts of an aggregate fetch images beforehand',
    inputs: [
      { name: 'aggregate', description: 'name or number of the aggregate', required: true },
      { name: 'image', description: 'id of the image, or a list of them', required: true },
    ],
    input,
    async look({ aggregate }) {
      const found = (await nova.aggregates()).find(a => a.name === aggregate || String(a.id) === String(aggregate))
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
