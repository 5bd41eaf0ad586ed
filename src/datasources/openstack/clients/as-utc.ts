/** A time as services write it: some leave out the zone, and all mean UTC. */
export function asUtc(stamp: string): string {
  return stamp === '' || /Z|[+-]\d\d:?\d\d$/.test(stamp) ? stamp : `${stamp}Z`
}
