import type { Admin } from './admin.ts'
import { type Layout, PASSWORD, REGION, url } from './layout.ts'

/** Users, services, endpoints and one image. */
export async function seed(admin: Admin, layout: Layout): Promise<void> {
  const create = async (kind: string, name: string, more = {}): Promise<string> => {
    const answer = await admin.post('identity', `/${kind}s`, { [kind]: { name, ...more } })
    return answer[kind].id
  }
  const idOf = async (kind: string, name: string): Promise<string> =>
    (await admin.get('identity', `/${kind}s?name=${name}`))[`${kind}s`][0].id
  const domain = { domain_id: 'default' }
  const grant = (project: string, user: string, role: string) =>
    admin.put('identity', `/projects/${project}/users/${user}/roles/${role}`)
  const [adminRole, adminProject] = [await idOf('role', 'admin'), await idOf('project', 'admin')]
  const serviceRole = await create('role', 'service')
  const serviceProject = await create('project', 'service', domain)
  const services = await create('user', 'openstack', { ...domain, password: PASSWORD })
  await grant(serviceProject, services, adminRole)
  await grant(serviceProject, services, serviceRole)
  const usher = await create('user', 'usher', { ...domain, password: PASSWORD })
  await grant(adminProject, usher, adminRole)
  const endpoints: readonly (readonly [string, string, string])[] = [
    ['nova', 'compute', url(layout, 'compute', '/v2.1')],
    ['placement', 'placement', url(layout, 'placement')],
    ['glance', 'image', url(layout, 'images')],
    ['neutron', 'network', url(layout, 'network')],
  ]
  for (const endpoint of endpoints) await publish(admin, ...endpoint)
  const image = await admin.post('images', '/v2/images', {
    name: 'empty',
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'public',
  })
  await admin.put('images', `/v2/images/${image.id}/file`, new Uint8Array(4096))
}

/** Put a service into the catalogue. */
export async function publish(admin: Admin, name: string, type: string, address: string): Promise<void> {
  const { service } = await admin.post('identity', '/services', { service: { name, type } })
  for (const kind of ['public', 'internal', 'admin'])
    await admin.post('identity', '/endpoints', {
      endpoint: { service_id: service.id, interface: kind, url: address, region_id: REGION },
    })
}

export async function withdraw(admin: Admin, name: string): Promise<void> {
  const { services } = await admin.get('identity', `/services?name=${name}`)
  for (const { id } of services) await admin.delete('identity', `/services/${id}`)
}
