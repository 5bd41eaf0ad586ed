import { listedHosts } from '../datasources/index.ts'
import { fail, nearestName } from '../diagnostic/index.ts'
import type { PlanInput } from '../plan/index.ts'
import type { Snapshot, Value } from '../tables/index.ts'
import { cell, numberIn, rowsOf } from './named-rows.ts'

type Images = NonNullable<PlanInput['images']>

/** Who sends images: the image service alone, as Nova does it; hosts that have them too; or nobody, and no copy is planned. */
export type ImageCopies = 'service' | 'hosts' | 'none'

/** Tables that decide when a host needs an image before a VM can come or start there; none has to be there. */
export const IMAGE_TABLES = {
  /** Images and their sizes in bytes: `glancev2:images(id, size, …)`. */
  images: 'glancev2:images',
  /** Where the image service sends from, as `network:host` and `network:path` name it: `glancev2:sources(host)`. Without it: `glance`. */
  sources: 'glancev2:sources',
  /** Which image a VM was made from: `nova:servers(id, name, image_id, …)`. */
  servers: 'nova:servers',
  /** Images that hosts have: `nova:image_cache(host, image)`. Without it, no move needs one. */
  cache: 'nova:image_cache',
  /** VMs that are about to start: `nova:boots(vm, host, image)`. */
  boots: 'nova:boots',
  /** Disks and images that hosts share: `nova:storage(host, pool)`. */
  storage: 'nova:storage',
} as const

const BYTES_PER_MIB = 1024 * 1024
const SERVICE = 'glance'

export interface SharedStorage {
  /** Both hosts see one pool: neither disk nor image has to be carried from one to the other. */
  isShared(a: Value, b: Value): boolean
}

export function storageOf(tables: Snapshot): SharedStorage {
  const pools = grouped(tables, IMAGE_TABLES.storage, 'host', 'pool')
  return {
    isShared: (a, b) => [...(pools.get(a) ?? [])].some(pool => pools.get(b)?.has(pool)),
  }
}

/** Undefined: these tables ask for no copies. */
export function imagesOf(tables: Snapshot, storage: SharedStorage, copies: ImageCopies): Images | undefined {
  const { cache, sources } = IMAGE_TABLES
  const boots = rowsOf(tables, IMAGE_TABLES.boots)
  if (copies === 'none' || (!tables.has(cache) && boots.length === 0)) return undefined
  const sizes = sizesOf(tables)
  const holders = grouped(tables, cache, 'image', 'host')
  const imageOf = imagesOfVms(tables)
  const has = (host: Value, image: Value) => holders.get(image)?.has(host) === true
  const named = rowsOf(tables, sources).map(row => cell(row, 'host'))
  const services = named.length > 0 ? named : [SERVICE]
  const hosts = hostsOf(tables)
  return {
    hostToHost: copies === 'hosts',
    sources: image => (copies === 'hosts' ? [...services, ...(holders.get(image) ?? [])] : services),
    needed(vm, from, to) {
      if (!tables.has(cache)) return undefined
      const image = imageOf.get(vm) ?? null
      // An image that the service no longer has can not be fetched beforehand: Nova takes it from the source host.
      const mib = sizes.get(image)
      if (mib === undefined || has(to, image) || storage.isShared(from, to)) return undefined
      return { image, mib }
    },
    wanted: boots.flatMap(row => {
      const [vm, host, image] = [cell(row, 'vm'), cell(row, 'host'), cell(row, 'image')]
      if (image === null || has(host, image)) return []
      if (!hosts.has(host)) unknownHost(vm, host, hosts)
      const mib = sizes.get(image)
      if (mib !== undefined) return [{ image, mib, host }]
      return fail('plan/bad-image', `\`nova:boots\` starts \`${vm}\` from the image \`${image}\`, which is not there`, {
        help: didYouMean(image, sizes.keys()) ?? 'name an image of `glancev2:images`',
      })
    }),
  }
}

/** MiB of each image. */
function sizesOf(tables: Snapshot): Map<Value, number> {
  const { images } = IMAGE_TABLES
  return new Map(
    rowsOf(tables, images).flatMap(row => {
      const bytes = numberIn(row, 'size', images, 'plan/bad-image')
      // While an image is being made it has no size.
      return bytes === undefined ? [] : [[cell(row, 'id'), bytes / BYTES_PER_MIB] as const]
    }),
  )
}

/** VM, by its id and by its name, → image. */
function imagesOfVms(tables: Snapshot): Map<Value, Value> {
  const rows = rowsOf(tables, IMAGE_TABLES.servers).filter(row => cell(row, 'image_id') !== null)
  const by = (column: string) => rows.map(row => [cell(row, column), cell(row, 'image_id')] as const)
  return new Map([...by('name'), ...by('id')])
}

function hostsOf(tables: Snapshot): Set<Value> {
  const located = (tables.get('nova:location')?.rows ?? []).map(row => row[1] ?? null)
  return new Set([...(listedHosts(tables) ?? []), ...located])
}

function unknownHost(vm: Value, host: Value, known: ReadonlySet<Value>): never {
  fail('plan/unknown-host', `\`nova:boots\` starts \`${vm}\` on \`${host}\`, which is no host of this cloud`, {
    help: didYouMean(host, known) ?? 'name a host that is listed',
  })
}

function didYouMean(name: Value, known: Iterable<Value>): string | undefined {
  const near = nearestName(String(name), [...known].map(String))
  return near === undefined ? undefined : `did you mean \`${near}\`?`
}

function grouped(tables: Snapshot, table: string, key: string, value: string): Map<Value, Set<Value>> {
  const groups = new Map<Value, Set<Value>>()
  for (const row of rowsOf(tables, table)) {
    const name = cell(row, key)
    const group = groups.get(name) ?? groups.set(name, new Set()).get(name)!
    group.add(cell(row, value))
  }
  return groups
}
