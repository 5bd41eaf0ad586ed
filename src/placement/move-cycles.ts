/**
 * The VMs whose moves may wait for each other in a circle: those that are left once hosts from which nothing leaves, or to which nothing
 * comes, are taken away with their moves, again and again. All others can go one after the other, as far as the room of hosts is concerned.
 * @param from host of each VM before, by VM number
 * @param to host of each VM after
 */
export function onCycles(vms: readonly number[], from: ArrayLike<number>, to: ArrayLike<number>): ReadonlySet<number> {
  const left = new Set(vms)
  const leaving = groupBy(vms, from)
  const coming = groupBy(vms, to)
  const queue = [...new Set([...leaving.keys(), ...coming.keys()])]
  for (let host = queue.pop(); host !== undefined; host = queue.pop()) {
    const [out, into] = [leaving.get(host), coming.get(host)]
    if (out?.size && into?.size) continue
    for (const vm of [...(out ?? []), ...(into ?? [])]) {
      left.delete(vm)
      leaving.get(from[vm]!)!.delete(vm)
      coming.get(to[vm]!)!.delete(vm)
      queue.push(from[vm]!, to[vm]!)
    }
  }
  return left
}

function groupBy(vms: readonly number[], host: ArrayLike<number>): Map<number, Set<number>> {
  const groups = new Map<number, Set<number>>()
  for (const vm of vms) {
    const group = groups.get(host[vm]!)
    if (group) group.add(vm)
    else groups.set(host[vm]!, new Set([vm]))
  }
  return groups
}
