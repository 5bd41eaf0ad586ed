import { createServer, request, type Server } from 'node:http'
import type { ControlPlane } from './control-plane.ts'
import type { Layout } from './layout.ts'

/** What tests may do to the control plane. */
const ORDERS = [
  'setKnob',
  'killHost',
  'startHost',
  'interruptQueue',
  'interruptIdentity',
  'interruptCompute',
  'revokeTokens',
  'startExtra',
  'stopExtra',
  'interruptExtra',
] as const
type Order = (typeof ORDERS)[number]

/** The control plane as another process sees it. */
export type RemotePlane = Pick<ControlPlane, 'layout' | Exclude<Order, 'setKnob'>> & {
  setKnob(name: string, text: string | null): Promise<void>
}

/** Let other processes of this machine give orders, through a socket in a folder. */
export async function serveOrders(plane: ControlPlane, socket: string): Promise<Server> {
  const server = createServer((incoming, answer) => {
    let text = ''
    incoming.on('data', chunk => {
      text += chunk
    })
    incoming.on('end', async () => {
      try {
        const [order, args] = JSON.parse(text) as [Order | 'layout', never[]]
        const result = order === 'layout' ? plane.layout : await (plane[order] as (...all: never[]) => unknown)(...args)
        answer.end(JSON.stringify({ result }))
      } catch (error) {
        answer.end(JSON.stringify({ error: String(error) }))
      }
    })
  })
  // Orders may take as long as a restart.
  server.requestTimeout = 0
  await new Promise<void>(resolve => server.listen(socket, resolve))
  return server
}

export async function connectPlane(socket: string): Promise<RemotePlane> {
  const order = (name: Order | 'layout', ...args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const outgoing = request({ socketPath: socket, method: 'POST' }, answer => {
        let text = ''
        answer.on('data', chunk => {
          text += chunk
        })
        answer.on('end', () => {
          const { result, error } = JSON.parse(text) as { result?: unknown; error?: string }
          if (error === undefined) resolve(result)
          else reject(new Error(error))
        })
      })
      outgoing.on('error', reject)
      outgoing.end(JSON.stringify([name, args]))
    })
  const orders = Object.fromEntries(ORDERS.map(name => [name, (...args: unknown[]) => order(name, ...args)]))
  return { layout: (await order('layout')) as Layout, ...orders } as unknown as RemotePlane
}
