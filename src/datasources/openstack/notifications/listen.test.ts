import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { Diagnostic } from '../../../diagnostic/index.ts'
import { listen } from './listen.ts'

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

test('a queue that is away is told of, without the password, and stopping does not wait for it', async () => {
  const url = `amqp://usher:geheim@127.0.0.1:${await closedPort()}/`
  const faults = await new Promise<readonly Diagnostic[]>(resolve => {
    const listener = listen({
      url,
      onTouches: () => expect.fail('nothing was said'),
      onListening: () => expect.fail('nobody is there'),
      onFaults: now => void listener.stop().then(() => resolve(now)),
    })
    expect(listener.faults).toEqual([])
  })
  expect(faults).toMatchObject([{ code: 'source/queue-unreachable', severity: 'warning' }])
  expect(JSON.stringify(faults)).not.toContain('geheim')
})
