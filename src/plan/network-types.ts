import type { Value } from '../tables/index.ts'

/** What of a VM a live migration has to carry. MiB and seconds; what is left out is taken as 0. */
export interface VmMemory {
  /** Memory in use. */
  readonly used: number
  /** Pages written over and over: how much, and the seconds in which all of them are written once. */
  readonly hot?: number
  readonly hotSeconds?: number
  /** MiB of other pages that are written in a second. */
  readonly coldRate?: number
  /** Disk copied along, where the two hosts share no storage. */
  readonly disk?: number
}

/** A link behind the hosts' own: between racks, between sites. One direction; the other is a link with another name. */
export interface Link {
  readonly name: string
  readonly mbps: number
  /** Migrations that may cross it at once. */
  readonly limit?: number
}

export interface Network {
  /** Mb/s of a host's own link, each way at once; undefined: the default, 10 Gb/s. */
  readonly host?: (host: Value) => number | undefined
  /** Links between two hosts beyond their own. */
  readonly path?: (from: Value, to: Value) => readonly Link[]
  /** How migrations of this cloud behave; see `calibrate`. */
  readonly parameters?: Partial<MigrationParameters>
}

/** How live migrations of one cloud behave. */
export interface MigrationParameters {
  /** Share of a link's nominal bandwidth that carries pages. */
  readonly efficiency: number
  /** Seconds that a migration takes besides its transfer: preparation, switch-over. */
  readonly overheadSeconds: number
  /** Share of its speed that a migration loses while its target host sends another. */
  readonly duplexLoss: number
  /** What declared dirty rates (hot pages and cold) are multiplied by. */
  readonly dirtyScale: number
  /** Longest pause of the VM, in seconds, for which the rest is sent in one go. Nova's default: 0.5. */
  readonly pauseSeconds: number
  /** Standard deviation of measured durations around expected ones, as a share. */
  readonly spread: number
}
