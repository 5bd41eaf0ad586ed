import { afterAll, beforeAll, inject } from 'vitest'
import { type Server, startServer } from './server.ts'

/** Whether this platform has no PostgreSQL to start. */
export const noServer = typeof inject('postgres') === 'string'

/**
 * A server for one test file alone, which may treat it badly: started and prepared before its tests, removed after them.
 * @param wanted false: the tests are skipped, and none is started
 * @returns the server, for when the tests run
 */
export function ownServer(wanted: boolean, prepare: (server: Server) => Promise<void>): () => Server {
  let server: Server | undefined
  beforeAll(async () => {
    if (!wanted) return
    const started = await startServer()
    if (typeof started === 'string') throw new Error(started)
    server = started
    await prepare(started)
  })
  afterAll(() => server?.remove())
  return () => server!
}
