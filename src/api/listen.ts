import type { FastifyInstance } from 'fastify'
import { fail } from '../diagnostic/index.ts'

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'it is no address of this machine',
  ENOTFOUND: 'nobody knows the name of the host',
}

/**
 * Begin to answer.
 * @returns the URL of the server
 * @throws DiagnosticError `api/address` when it can not be listened at
 */
export async function listen(
  api: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await api.listen(at)
  } catch (error) {
    const why = WHY[(error as NodeJS.ErrnoException).code ?? '']
    if (!why) throw error
    return fail('api/address', `can't listen at \`${at.host}\`, port ${at.port}: ${why}`, {
      help: 'give another `api.host` or `api.port`, or end the other process',
    })
  }
}
