/** Two VMs that should not both be on these hosts. */
interface Conflict {
  readonly hosts: Set<number>
  /** What says that they are, for each way it is said. */
  readonly violations: Set<number>
}

/** VMs of which each two conflict on each of these hosts. */
export interface Clique {
  /** VM numbers, ascending; at least three. */
  readonly vms: readonly number[]
  /** Host numbers, ascending. */
  readonly hosts: readonly number[]
  /** Of all its pairs. */
  readonly violations: readonly number[]
}

/** Pairs of VMs in conflict, put together to cliques: at most one VM of a clique may be on a host, which says more than its pairs do. */
export class ConflictGraph {
  readonly #neighbours = new Map<number, Map<number, Conflict>>()

  /** @param violation stands for what is violated when both are on the host; returned with the clique */
  add(a: number, b: number, host: number, violation: number): void {
    const conflict = this.#neighbours.get(a)?.get(b) ?? { hosts: new Set<number>(), violations: new Set<number>() }
    conflict.hosts.add(host)
    conflict.violations.add(violation)
    this.#link(a, b, conflict)
    this.#link(b, a, conflict)
  }

  /** Maximal cliques that cover every pair that is in one of three or more, found greedily. */
  cliques(): Clique[] {
    const covered = new Set<Conflict>()
    const found: Clique[] = []
    for (const a of [...this.#neighbours.keys()].sort(ascending))
      for (const b of [...this.#neighbours.get(a)!.keys()].sort(ascending)) {
        if (b < a || covered.has(this.#between(a, b))) continue
        const clique = this.#grow(a, b)
        const conflicts = clique.vms.flatMap((v, i) => clique.vms.slice(i + 1).map(w => this.#between(v, w)))
        for (const conflict of conflicts) covered.add(conflict)
        if (clique.vms.length < 3) continue
        const violations = new Set(conflicts.flatMap(c => [...c.violations]))
        found.push({
          vms: clique.vms.sort(ascending),
          hosts: [...clique.hosts].sort(ascending),
          violations: [...violations].sort(ascending),
        })
      }
    return found
  }

  /** Add VM after VM that conflicts with all so far, on as many hosts as the first two. */
  #grow(a: number, b: number): { vms: number[]; hosts: ReadonlySet<number> } {
    const vms = [a, b]
    const { hosts } = this.#between(a, b)
    for (const v of [...this.#neighbours.get(a)!.keys()].sort(ascending)) {
      if (vms.includes(v)) continue
      const all = vms.every(w => {
        const shared = this.#neighbours.get(v)!.get(w)?.hosts
        return shared !== undefined && [...hosts].every(h => shared.has(h))
      })
      if (all) vms.push(v)
    }
    return { vms, hosts }
  }

  #between(a: number, b: number): Conflict {
    return this.#neighbours.get(a)!.get(b)!
  }

  #link(a: number, b: number, conflict: Conflict): void {
    const known = this.#neighbours.get(a)
    if (known) known.set(b, conflict)
    else this.#neighbours.set(a, new Map([[b, conflict]]))
  }
}

const ascending = (a: number, b: number): number => a - b
