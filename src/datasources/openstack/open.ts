import { resolve } from 'node:path'
import { certificates, HttpClient, reach } from '../http/index.ts'
import { type LiveSource, PolledSource, type Reading } from '../live/index.ts'
import { MeasuredReading } from '../metrics/index.ts'
import type { OpenOptions } from '../opening.ts'
import { cloudAccess } from './access/index.ts'
import { memoryJournal, openStackActions } from './actions/index.ts'
import { ServiceClient, services } from './clients/index.ts'
import { readMeasures, usualMeters } from './gnocchi/index.ts'
import { Session } from './keystone/index.ts'
import { notify, withNotifications } from './notifications/index.ts'
import type { OpenStackSettings } from './settings.ts'
import { ApiReading, type SourceDescription, sourceDescriptions } from './tables/index.ts'

/**
 * The services of a cloud, a data source each, with one login. Rejects with a `DiagnosticError` when the settings lack something; that the
 * cloud is away is no reason.
 */
export async function openOpenStack(settings: OpenStackSettings, options: OpenOptions): Promise<LiveSource[]> {
  const { environment, base, span, now = Date.now } = options
  const { access, reaching } = await cloudAccess(settings, { environment, base, span })
  const http = reach(reaching, base)
  const session = new Session(http, access, now)
  const wanted = settings.services
  const descriptions = sourceDescriptions.filter(({ name }) => !wanted || name in wanted)
  let open = descriptions.length
  const close = async () => {
    if (--open === 0) await http.close()
  }
  const sources = new Map<string, { readonly module: string; readonly source: LiveSource }>()
  for (const description of descriptions) {
    const name = wanted?.[description.name]?.name ?? description.name
    const client = new ServiceClient(session, services[description.service])
    const source = new PolledSource({
      name,
      driver: `openstack.${description.name}`,
      description: description.description,
      readings: readingsOf(description, name, client, settings, now),
      now,
      close,
    })
    sources.set(description.name, { module: name, source })
  }
  return [...sources].map(([service, { source }]) =>
    service === 'nova' ? actingNova(source, session, sources, settings, options) : source,
  )
}

/** Nova's source, which can be asked to act, and hears of changes where the settings say from whom. */
function actingNova(
  source: LiveSource,
  session: Session,
  sources: ReadonlyMap<string, { readonly module: string; readonly source: LiveSource }>,
  { notifications, allowedHosts }: OpenStackSettings,
  { base, now, journal = memoryJournal() }: OpenOptions,
): LiveSource {
  const cloud = openStackActions({
    nova: new ServiceClient(session, services.nova),
    http: new HttpClient(),
    journal,
    allowedHosts,
    ...(now && { now }),
  })
  if (!notifications) return withNotifications(source, { cloud })
  const { url, hosts, exchange, topics, caFile } = notifications
  const ca = caFile === undefined ? undefined : certificates(resolve(base, caFile))
  const [nova, placement] = [sources.get('nova'), sources.get('placement')]
  const listen = () =>
    notify({
      url,
      ...(hosts && { hosts }),
      ...(exchange !== undefined && { exchange }),
      ...(topics && { topics }),
      ...(ca !== undefined && { ca }),
      sources: { ...(nova && { nova }), ...(placement && { placement }) },
      // A failed look is made up for by whoever asks for the status.
      onServers: servers => void cloud.noticed(servers).catch(() => {}),
    })
  return withNotifications(source, { cloud, listen })
}

function readingsOf(
  description: SourceDescription,
  module: string,
  client: ServiceClient,
  settings: OpenStackSettings,
  now: () => number,
): Reading[] {
  const { pageSize, staleAfter, ceilometer } = settings
  const tables = settings.services?.[description.name]?.tables ?? {}
  const readings: Reading[] = description.readings.map(
    reading => new ApiReading(client, reading, { module, settings: tables, pageSize, staleAfter, now }),
  )
  if (description.service !== 'gnocchi') return readings
  const { interval, granularity, window, meters = usualMeters } = ceilometer
  const measured = new MeasuredReading({
    module,
    interval,
    staleAfter,
    lazy: table => tables[table]?.lazy ?? true,
    measure: signal => readMeasures(client, meters, { granularity, seconds: window }, now(), signal),
  })
  return [measured, ...readings]
}
