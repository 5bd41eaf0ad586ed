/**
 * The thread that solvers run in. It takes one job at a time (an engine's module and a level), tells of progress while the engine
 * blocks it, and answers. It is stopped from outside by `terminate`; nothing in here has to watch for that.
 */
import { parentPort } from 'node:worker_threads'
import type { Engine } from './level.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

const port = parentPort
if (!port) throw new Error('solvers/worker runs in a worker thread only')

process.stdout.write = () => true
process.stderr.write = () => true

const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

port.on('message', async (job: ToWorker) => {
  try {
    const { engine } = (await import(job.engine)) as { engine: Engine }
    send({ kind: 'begun' })
    const answer = await engine.solve(job.level, job.limits, {
      incumbent: values => {
        const copy = values.slice()
        send({ kind: 'incumbent', values: copy }, [copy.buffer])
      },
      bound: bound => send({ kind: 'bound', bound }),
    })
    send({ kind: 'answer', answer })
  } catch (error) {
    send({ kind: 'fault', reason: error instanceof Error ? error.message : String(error) })
  }
})
