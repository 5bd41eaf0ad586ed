/**
 * Actions: what an OpenStack cloud can be asked to do, each with a look before, a way to recognise it afterwards, and what its failures
 * mean. Takes Nova's client and a journal, gives a `Cloud`. Knows nothing of policies, plans and workflows.
 */
import type { HttpClient } from '../../http/index.ts'
import type { ServiceClient } from '../clients/index.ts'
import { ActionCloud, type ActionCloudOptions } from './action-cloud.ts'
import { cacheImage } from './cache-image.ts'
import { coldMigrate } from './cold-migrate.ts'
import { evacuate } from './evacuate.ts'
import { httpRequest } from './http-request.ts'
import { liveMigrate } from './live-migrate.ts'
import { Nova } from './nova.ts'
import { abort, forceComplete } from './on-the-way.ts'
import { serverStates } from './server-state.ts'
import { serviceStates } from './service-state.ts'

export type { ActionCloud } from './action-cloud.ts'
export { type ActionJournal, type ActionRecord, memoryJournal, storeJournal } from './journal.ts'

export interface OpenStackActions extends Omit<ActionCloudOptions, 'types'> {
  readonly nova: ServiceClient
  /** For web hooks; never the client of the cloud, whose certificates and secrets are its own. */
  readonly http: HttpClient
  /** Hosts that `http:request` may call: `example.org`, `example.org:8080`, `*.example.org`. */
  readonly allowedHosts?: readonly string[]
}

/** All actions of an OpenStack cloud. */
export function openStackActions({ nova: client, http, allowedHosts = [], ...options }: OpenStackActions): ActionCloud {
  const nova = new Nova(client)
  return new ActionCloud({
    ...options,
    types: [
      liveMigrate(nova),
      coldMigrate(nova),
      evacuate(nova, options.now ?? Date.now),
      abort(nova),
      forceComplete(nova),
      ...serverStates(nova),
      ...serviceStates(nova),
      cacheImage(nova),
      httpRequest(http, allowedHosts),
    ],
  })
}
