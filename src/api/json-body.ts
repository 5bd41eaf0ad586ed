import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { ApiError } from './faults.ts'

/** Bodies are JSON in UTF-8, without the character NUL, which databases can not keep. */
export function takeJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (!isUtf8(bytes)) return done(badJson('the body is not UTF-8'))
    const text = bytes.toString()
    if (/(?<!\\)(?:\\\\)*\\u0000/.test(text)) return done(badJson('the body has a NUL in it'))
    return parse(request, text, done)
  })
}

function badJson(message: string): ApiError {
  return new ApiError({ status: 400, diagnostics: [{ code: 'api/not-json', severity: 'error', message }] })
}
