import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { everyone } from '../security/roles.ts'

const version = z.looseObject({ id: z.string(), status: z.string() })

/** `GET /` and `GET /v1`: how clients find out which versions there are. */
export function versionEndpoints(): readonly Endpoint[] {
  const one = (request: FastifyRequest) => ({
    id: 'v1',
    status: 'CURRENT',
    updated: '2013-08-12T17:42:13Z',
    links: [{ rel: 'self', href: `${request.protocol}://${request.host}/v1/` }],
  })
  return [
    endpoint({
      method: 'GET',
      url: '/',
      summary: 'List versions of the API of Congress',
      tag: 'congress',
      allow: everyone,
      answer: z.strictObject({ versions: z.array(version) }),
      handle: ({ request }) => ({ versions: [one(request)] }),
    }),
    ...['/v1', '/v1/'].map(url =>
      endpoint({
        method: 'GET',
        url,
        summary: 'Read the version',
        tag: 'congress',
        allow: everyone,
        answer: z.strictObject({ version }),
        handle: ({ request }) => ({ version: one(request) }),
      }),
    ),
  ]
}
