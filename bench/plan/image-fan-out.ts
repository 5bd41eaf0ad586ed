/**
 * How long it takes to bring the boot working set of one image (300 MB) to the hosts of 500 VMs from one 1 Gb/s source, with and without
 * copies from host to host, and what would be needed for a minute.
 *
 *     npx tsx bench/plan/image-fan-out.ts
 */
import { DEFAULT_PARAMETERS, fanOut } from '../../src/plan/index.ts'

const VMS = 500
const MIB = 300e6 / 1024 / 1024
const LIMIT = 60

interface Case {
  readonly name: string
  readonly hosts: number
  readonly sources: number
  readonly sourceMbps: number
  readonly hostMbps: number
  readonly hostToHost: boolean
}

const line = { sources: 1, sourceMbps: 1000, hostMbps: 1000 }
const cases: Case[] = [
  { name: 'each of 500 VMs reads for itself', hosts: VMS, ...line, hostToHost: false },
  { name: 'one copy for each of 50 hosts', hosts: 50, ...line, hostToHost: false },
  { name: 'the same, passed on', hosts: 50, ...line, hostToHost: true },
  { name: 'one copy for each of 500 hosts', hosts: 500, ...line, hostToHost: false },
  { name: 'the same, passed on', hosts: 500, ...line, hostToHost: true },
  { name: '500 hosts, two sources', hosts: 500, ...line, sources: 2, hostToHost: false },
  { name: 'the same, passed on', hosts: 500, ...line, sources: 2, hostToHost: true },
  { name: '500 hosts, source of 10 Gb/s', hosts: 500, ...line, sourceMbps: 10_000, hostToHost: false },
  { name: '500 hosts, source of 25 Gb/s', hosts: 500, ...line, sourceMbps: 25_000, hostToHost: false },
]

console.log('case'.padEnd(38), 'copies', 'seconds', 'within a minute', 'most sent by one sender (Mb/s)')
for (const c of cases) {
  const sources = Array.from({ length: c.sources }, (_, i) => `source${i + 1}`)
  const { copies, makespan } = fanOut({
    wanted: Array.from({ length: c.hosts }, (_, i) => ({ image: 'image', to: `host${i + 1}` })),
    images: new Map([['image', { mib: MIB, sources }]]),
    network: { host: h => (sources.includes(`${h}`) ? c.sourceMbps : c.hostMbps) },
    hostToHost: c.hostToHost,
  })
  const busiest = Math.max(
    ...[...new Set(copies.map(x => x.from))].map(from => peak(copies.filter(x => x.from === from))),
  )
  console.log(
    c.name.padEnd(38),
    `${copies.length}`.padStart(6),
    makespan.toFixed(1).padStart(7),
    (makespan <= LIMIT ? 'yes' : 'no').padStart(15),
    busiest.toFixed(0).padStart(31),
  )
}
const needed = (VMS * MIB * 1024 * 1024 * 8) / 1e6 / LIMIT
console.log(
  `\nwithout passing on, a minute needs ${(needed / 1000).toFixed(0)} Gb/s of useful rate ` +
    `(${(needed / 1000 / DEFAULT_PARAMETERS.efficiency).toFixed(0)} Gb/s of link at ${DEFAULT_PARAMETERS.efficiency}) at the source`,
)

/** Most that copies of one sender carry at once, in Mb/s. */
function peak(copies: readonly { start: number; end: number; volume: number }[]): number {
  const rate = (x: (typeof copies)[number]) => (x.volume * 1024 * 1024 * 8) / 1e6 / (x.end - x.start)
  return Math.max(
    ...copies.map(x =>
      copies.filter(y => y.start <= x.start + 1e-9 && y.end > x.start + 1e-9).reduce((sum, y) => sum + rate(y), 0),
    ),
  )
}
