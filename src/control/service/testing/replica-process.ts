/**
 * A replica as a process of its own: `replica-process.ts DATABASE_URL CLOUD_URL CONFIG_JSON LOG_FILE`. Says `ready` when it is; reads
 * commands from its standard input, one JSON text a line, and answers each with a line: policies are written through it.
 */
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { DiagnosticError } from '../../../diagnostic/index.ts'
import { openStore } from '../../../store/index.ts'
import type { ServiceConfigInput } from '../config.ts'
import { createService } from '../create-service.ts'
import type { PolicyDraft } from '../types.ts'
import { remoteCloud } from './remote-cloud.ts'
import { testConfig } from './test-service.ts'

const [url, cloud, config, logFile] = process.argv.slice(2) as [string, string, string, string]
const log = pino({ level: 'debug' }, pino.destination({ dest: logFile, sync: true }))
/** How far this process's clock is off, in milliseconds. */
const off = Number(process.env['USHER_TEST_CLOCK'] ?? 0)

const store = await openStore({ url, connections: 6, lockTimeoutMs: 3000, onFault: () => {} })
const service = await createService(testConfig(JSON.parse(config) as Partial<ServiceConfigInput>), {
  ...{ store, log, sources: [await remoteCloud(cloud)] },
  clock: {
    now: () => Date.now() + off,
    after(ms, call) {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    },
  },
})
console.log('ready')

const actor = { id: `replica-${process.pid}` }
type Command =
  | { readonly do: 'create'; readonly draft: PolicyDraft }
  | { readonly do: 'change'; readonly name: string; readonly change: Partial<PolicyDraft> }
  | { readonly do: 'hook'; readonly url: string; readonly secret: string }
  | { readonly do: 'stop' }

// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0))
createInterface({ input: process.stdin }).on('line', async line => {
  const command = JSON.parse(line) as Command
  try {
    if (command.do === 'create') await service.policies.create(command.draft, actor)
    else if (command.do === 'change') await service.policies.change(command.name, command.change, {}, actor)
    else if (command.do === 'hook')
      await service.webhooks.create({ url: command.url, secret: command.secret, kinds: ['violation'] }, actor)
    else {
      await service.stop()
      await store.close()
      console.log('stopped')
      process.exit(0)
    }
    console.log('done')
  } catch (error) {
    console.log(error instanceof DiagnosticError ? `refused ${error.diagnostics[0]?.code}` : `fault ${String(error)}`)
  }
})
