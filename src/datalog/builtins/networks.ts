import { isIPv4, isIPv6 } from 'node:net'
import type { Value } from '../../tables/index.ts'
import { asString, type Builtin, BuiltinFault, test } from './builtin.ts'

interface Address {
  readonly version: 4 | 6
  readonly bits: bigint
}

interface Network {
  readonly version: 4 | 6
  readonly first: bigint
  readonly last: bigint
}

function address(v: Value): Address {
  const text = asString(v).trim()
  if (isIPv4(text)) return { version: 4, bits: bitsOf4(text) }
  if (isIPv6(text) && !text.includes('%')) return { version: 6, bits: bitsOf6(text) }
  throw new BuiltinFault(`${JSON.stringify(v)} is not an IP address`)
}

function bitsOf4(text: string): bigint {
  return text.split('.').reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n)
}

/** Text that `isIPv6` has accepted: at most one `::`, the last 32 bits possibly as IPv4. */
function bitsOf6(text: string): bigint {
  const dotted = /[^:]*\.[^:]*$/.exec(text)
  if (dotted) {
    const low = bitsOf4(dotted[0])
    text = `${text.slice(0, dotted.index)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
  }
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

/** `address/prefix` in either version, or an address alone: a network of one. */
function network(v: Value): Network {
  const text = asString(v)
  const slash = text.indexOf('/')
  const { version, bits } = address(slash < 0 ? text : text.slice(0, slash))
  const width = version === 4 ? 32 : 128
  const length = slash < 0 ? String(width) : text.slice(slash + 1).trim()
  if (!/^\d{1,3}$/.test(length) || Number(length) > width)
    throw new BuiltinFault(`${JSON.stringify(v)} is not a network`)
  const free = (1n << BigInt(width - Number(length))) - 1n
  return { version, first: bits & ~free, last: bits | free }
}

/** IPv4 before IPv6, then by number. */
function compare(a: Value, b: Value): number {
  const x = address(a)
  const y = address(b)
  return x.version - y.version || (x.bits < y.bits ? -1 : x.bits > y.bits ? 1 : 0)
}

export const networks: Readonly<Record<string, Builtin>> = {
  ips_equal: test(([x, y]) => compare(x!, y!) === 0),
  ips_lt: test(([x, y]) => compare(x!, y!) < 0),
  ips_lteq: test(([x, y]) => compare(x!, y!) <= 0),
  ips_gt: test(([x, y]) => compare(x!, y!) > 0),
  ips_gteq: test(([x, y]) => compare(x!, y!) >= 0),
  networks_equal: test(([x, y]) => {
    const a = network(x!)
    const b = network(y!)
    return a.version === b.version && a.first === b.first && a.last === b.last
  }),
  networks_overlap: test(([x, y]) => {
    const a = network(x!)
    const b = network(y!)
    return a.version === b.version && a.first <= b.last && b.first <= a.last
  }),
  ip_in_network: test(([x, y]) => {
    const a = address(x!)
    const b = network(y!)
    return a.version === b.version && b.first <= a.bits && a.bits <= b.last
  }),
}
