/** Room of one kind in one place, handed from the moves that free it to the moves that take it. */
interface Account {
  /** Room nobody holds: how much, and the move that freed it (-1: there from the start). */
  lots: { amount: number; source: number; level: number }[]
  /** Over capacity by so much: what is freed next goes here first. */
  debt: number
  readonly payers: number[]
}

/**
 * Where each piece of room comes from. A move that takes room gets it from named sources: what is free at the start, or moves that
 * must then have ended. Since no piece is in two hands, any execution that keeps to these dependencies stays within capacity,
 * however long each move takes (chaining of partial-order schedules in project scheduling: Policella, Cesta, Oddi and Smith, 2007).
 *
 * A host that is over its capacity has a debt, which the first moves that leave it pay; every later arrival waits for all of them.
 */
export class Ledger {
  readonly #accounts = new Map<number, Account>()
  readonly #open: (account: number) => number

  /** `open` gives the room of an account at the start; negative where it is over. */
  constructor(open: (account: number) => number) {
    this.#open = open
  }

  /**
   * Take `amount`: gives the moves that must have ended first. The lowest level that suffices is found, and of the lots up to it
   * the latest are taken: the earliest stay for moves that can start earlier.
   */
  take(account: number, amount: number, slack: number): number[] {
    const a = this.#account(account)
    if (a.debt > slack) throw new Error(`a move was ordered into account ${account}, which is over by ${a.debt}`)
    let level = -1
    let found = 0
    for (const lot of [...a.lots].sort((x, y) => x.level - y.level)) {
      if (found >= amount - slack) break
      found += lot.amount
      level = lot.level
    }
    if (found < amount - slack) throw new Error(`a move was ordered without room: ${found} of ${amount} in ${account}`)
    const sources = [...a.payers]
    let need = amount
    const eligible = a.lots.filter(x => x.level <= level).sort((x, y) => y.level - x.level || y.amount - x.amount)
    for (const lot of eligible) {
      if (need <= 0) break
      const part = Math.min(lot.amount, need)
      lot.amount -= part
      need -= part
      if (lot.source >= 0 && part > slack) sources.push(lot.source)
    }
    a.lots = a.lots.filter(lot => lot.amount > 0)
    return sources
  }

  /** Give `amount` back when move `source` ends; `level`: how many moves are on the longest chain up to and with it. */
  give(account: number, amount: number, source: number, level: number): void {
    const a = this.#account(account)
    const paid = Math.min(a.debt, amount)
    if (paid > 0) {
      a.debt -= paid
      a.payers.push(source)
    }
    if (amount > paid) a.lots.push({ amount: amount - paid, source, level })
  }

  #account(account: number): Account {
    const known = this.#accounts.get(account)
    if (known) return known
    const room = this.#open(account)
    const lots = room > 0 ? [{ amount: room, source: -1, level: 0 }] : []
    const made = { lots, debt: Math.max(0, -room), payers: [] }
    this.#accounts.set(account, made)
    return made
  }
}
