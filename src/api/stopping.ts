import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from './faults.ts'

/** How long requests under way are waited for, in milliseconds. */
const PATIENCE = 20_000

/**
 * Stop without harm: new requests are refused, those under way are answered, then all connections are closed, those too on which nobody
 * has asked anything yet, which the server would otherwise wait for.
 *
 * @param endStreams what has no end of its own
 */
export function addStopping(app: FastifyInstance, endStreams: () => void): void {
  let stopping = false
  const underWay = new Set<FastifyRequest>()
  let allAnswered = (): void => {}
  const answered = (request: FastifyRequest): void => {
    underWay.delete(request)
    if (underWay.size === 0) allAnswered()
  }
  app.addHook('onRequest', async (request, reply) => {
    underWay.add(request)
    // A stream that its client leaves is not answered, but it is over.
    reply.raw.once('close', () => answered(request))
    if (stopping)
      refuse(503, 'api/stopping', 'the service is stopping', { headers: { 'retry-after': '5', connection: 'close' } })
  })
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async request => answered(request))
  app.addHook('preClose', async () => {
    stopping = true
    endStreams()
    if (underWay.size > 0)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, PATIENCE)
        allAnswered = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    app.server.closeAllConnections()
  })
}
