import type { FastifyRequest } from 'fastify'
import type { ChangeGuard } from '../control/index.ts'
import { refuse } from './faults.ts'

/**
 * What `If-Match` says must be true of the policy for the change to be made.
 *
 * @param current the policy's ETag now, asked for only where several are given
 * @throws ApiError 428 when there is none, 400 when it can not be read, 412 when no given one is the present one
 */
export async function guardOf(
  request: FastifyRequest,
  current: () => Promise<string | undefined>,
): Promise<ChangeGuard> {
  const header = request.headers['if-match']
  if (header === undefined)
    return refuse(428, 'api/no-guard', 'a change of a policy needs `If-Match`', {
      field: 'headers.if-match',
      help: 'send the ETag that the policy was read with, or `*` to overwrite whatever is there',
    })
  if (header.trim() === '*') return {}
  const tags = readTags(header)
  if (!tags)
    return refuse(400, 'api/bad-guard', '`If-Match` is not understood', {
      field: 'headers.if-match',
      help: 'send the ETag as it came, in double quotes',
    })
  if (tags.length === 1) return { etag: tags[0]! }
  const now = await current()
  return { etag: now !== undefined && tags.includes(now) ? now : tags[0]! }
}

/** Whether `If-None-Match` names this ETag: what the caller has is still right. */
export function isKnown(request: FastifyRequest, etag: string): boolean {
  const header = request.headers['if-none-match']
  if (header === undefined) return false
  return header.trim() === '*' || (readTags(header.replaceAll('W/', '')) ?? []).includes(etag)
}

/** ETags of a header, without their quotes. Undefined: it is no list of strong ones. */
function readTags(header: string): readonly string[] | undefined {
  const tags = header.split(',').map(tag => /^"([\x21\x23-\x7e]+)"$/.exec(tag.trim())?.[1])
  return tags.every(tag => tag !== undefined) ? (tags as string[]) : undefined
}
