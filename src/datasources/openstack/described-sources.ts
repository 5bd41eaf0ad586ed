import type { DescribedSource } from '../on-demand.ts'
import { openOpenStack } from './open.ts'
import { openstackSettings } from './settings.ts'

/** Every service of a cloud with its tables, as they are before anything is read. */
export async function describedSources(): Promise<DescribedSource[]> {
  const auth = { auth_url: 'http://localhost', token: 'none' }
  const settings = openstackSettings.parse({ driver: 'openstack', name: 'described', auth })
  const sources = await openOpenStack(settings, { environment: {}, base: '' })
  return sources.map(({ name, driver, description, tables }) => ({ name, driver, description, tables }))
}
