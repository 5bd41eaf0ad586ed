/** The VMs on each host, as linked lists: a move takes the same time however many there are. */
export class GuestLists {
  /** The first VM of each host; of each VM, those beside it. -1 at the ends. */
  readonly #first: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array

  /** @param host host number of each VM */
  constructor(host: Int32Array, hosts: number) {
    this.#first = new Int32Array(hosts).fill(-1)
    this.#next = new Int32Array(host.length)
    this.#previous = new Int32Array(host.length)
    for (const [vm, h] of host.entries()) this.#enter(vm, h)
  }

  move(vm: number, from: number, to: number): void {
    const next = this.#next[vm]!
    const previous = this.#previous[vm]!
    if (previous >= 0) this.#next[previous] = next
    else this.#first[from] = next
    if (next >= 0) this.#previous[next] = previous
    this.#enter(vm, to)
  }

  /** Write a host's VMs to `list`; how many there are. */
  write(host: number, list: Int32Array): number {
    let count = 0
    for (let vm = this.#first[host]!; vm >= 0; vm = this.#next[vm]!) list[count++] = vm
    return count
  }

  #enter(vm: number, host: number): void {
    const next = this.#first[host]!
    this.#next[vm] = next
    this.#previous[vm] = -1
    if (next >= 0) this.#previous[next] = vm
    this.#first[host] = vm
  }
}
