import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Simulator } from '../../../datasources/index.ts'
import { DiagnosticError } from '../../../diagnostic/index.ts'
import type { Delta, TableData } from '../../../tables/index.ts'

/** What a client reads: everything, or the batches since it read last. */
export interface CloudAnswer {
  readonly position: number
  readonly tables?: readonly TableData[]
  readonly batches?: readonly (readonly Delta[])[]
}

/** A simulated cloud that other processes can reach, so that it outlives them. */
export interface CloudServer {
  readonly url: string
  /** Milliseconds that every answer takes longer. */
  slow: number
  /** Answer nothing at all. */
  away: boolean
  close(): Promise<void>
}

/** Batches kept for clients that ask what has changed. */
const KEPT = 2000

export async function serveCloud(simulator: Simulator): Promise<CloudServer> {
  let position = 0
  const batches: (readonly Delta[])[] = []
  const stop = simulator.subscribe(batch => {
    position++
    batches.push(batch)
    if (batches.length > KEPT) batches.shift()
  })
  const answer = async (path: string, body: string): Promise<unknown> => {
    const url = new URL(path, 'http://cloud')
    if (url.pathname === '/state') {
      const after = Number(url.searchParams.get('after') ?? -1)
      const missing = position - after
      if (after >= 0 && missing <= batches.length)
        return { position, batches: missing === 0 ? [] : batches.slice(-missing) } satisfies CloudAnswer
      const tables = [...simulator.snapshot().values()]
      return { position, tables: tables.map(({ schema, rows, provenance }) => ({ schema, rows, provenance })) }
    }
    if (url.pathname === '/submit') {
      const { action, input, token } = JSON.parse(body) as {
        action: string
        input: Record<string, unknown>
        token: string
      }
      await simulator.submit(action, input, token)
      return {}
    }
    return { status: await simulator.status(url.searchParams.get('token') ?? '') }
  }
  const cloud: CloudServer = {
    url: '',
    slow: 0,
    away: false,
    async close() {
      stop()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', async () => {
      if (cloud.away) return response.destroy()
      if (cloud.slow > 0) await sleep(cloud.slow)
      try {
        response.end(JSON.stringify(await answer(request.url ?? '/', body)))
      } catch (error) {
        if (!(error instanceof DiagnosticError)) throw error
        response.statusCode = 409
        response.end(JSON.stringify({ diagnostics: error.diagnostics }))
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(cloud, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}
