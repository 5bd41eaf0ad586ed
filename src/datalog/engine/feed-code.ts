import { SUM_LIMIT } from '../aggregate.ts'
import type { Group } from './group.ts'

/** Where the lines of a compiled function go. */
export interface CodeWriter {
  /** Where the function has come to. */
  emit(line: string): void
  /** Once, when it starts. */
  fetch(line: string): void
  /** Once, before it returns. */
  leave(line: string): void
}

/** A binding that is fed, as code. */
export interface Fed {
  readonly group: Group
  /** Names of the group and of its keys. */
  readonly g: string
  readonly keys: string
  /** The ids of its key, at least one, and their hash; statements that lay them into the keys' `scratch`. */
  readonly ids: readonly string[]
  readonly hash: string
  readonly lay: string
  readonly value: string
  readonly sign: string
}

/**
 * Code that feeds a binding to a group of count, sum or mean without a call. In the first evaluation it is added up at once: what groups
 * there are is new in it, and none goes. In a transaction it is written down for when that settles.
 */
export class FeedCode {
  readonly #out: CodeWriter
  readonly #fed: Fed
  readonly #isFirst: boolean

  constructor(out: CodeWriter, fed: Fed, isFirst: boolean) {
    this.#out = out
    this.#fed = fed
    this.#isFirst = isFirst
  }

  /** By a table with a place for each id: for keys of one column in the first evaluation. */
  writeById(): void {
    const { g, ids, lay, value, sign } = this.#fed
    const slots = `${g}_slots`
    const mirror = this.#mirror(g, ['bindings', 'sums'])
    this.#out.fetch(`const ${slots} = ${g}.slotsById(interner.size)`)
    // Ids that came since go the long way.
    this.#out.emit(`if (${ids[0]} >= ${slots}.length) { ${lay}${g}.feed(${value}, ${sign}); ${mirror} } else {`)
    this.#out.emit(`let slot = ${slots}[${ids[0]}] - 1`)
    this.#out.emit(`if (slot < 0) { slot = aside(open, ${g}, ${ids[0]}); ${slots}[${ids[0]}] = slot + 1; ${mirror} }`)
    this.#addUp()
    this.#out.emit('}')
  }

  /**
   * By the hash of the keys. The group behind the one fed last is looked at before: that is it when bindings run over the same times of
   * a day again and again.
   */
  write(): void {
    const { g, keys, ids, hash, lay } = this.#fed
    const columns = ids.map((_, c) => `${keys}_k${c}`)
    const [heads, next, state] = ['heads', 'next', 'state'].map(part => `${keys}_k_${part}`)
    const mirror = [
      ...(this.#isFirst ? [this.#mirror(g, ['bindings', 'sums'])] : []),
      this.#mirror(keys, ['heads', 'next', 'state'], `${keys}_k`),
      ...columns.map((name, c) => this.#mirrored(name, `${keys}.columns[${c}]`)),
    ].join('; ')
    const slot = `${g}_slot`
    const differs = columns.map((name, c) => `${name}[${slot}] !== ${ids[c]}`).join(' || ')
    this.#out.fetch(`let ${slot} = -1`)
    this.#out.emit(`if (${state}[++${slot}] === 0 || ${differs}) {`)
    this.#out.emit(`${slot} = ${heads}[${hash} & (${heads}.length - 1)]`)
    this.#out.emit(`while (${slot} >= 0 && (${differs})) ${slot} = ${next}[${slot}]`)
    this.#out.emit(`if (${slot} < 0) { ${lay}${slot} = aside(open, ${g}, ${ids[0]}); ${mirror} }`)
    this.#out.emit('}')
    this.#out.emit(`const slot = ${slot}`)
    if (this.#isFirst) this.#addUp()
    else this.#note()
  }

  /** Have arrays of an object at hand that are replaced when it grows; the code that fetches them anew. */
  #mirror(object: string, parts: readonly string[], prefix = object): string {
    return parts.map(part => this.#mirrored(`${prefix}_${part}`, `${object}.${part}`)).join('; ')
  }

  #mirrored(name: string, from: string): string {
    this.#out.fetch(`let ${name} = ${from}`)
    return `${name} = ${from}`
  }

  /** Write a binding of the group in `slot` down. */
  #note(): void {
    const { g, value, sign } = this.#fed
    const log = `${g}_log`
    const arrays = ['slots', 'signs', 'values']
    this.#out.fetch(`const ${log} = ${g}.fed`)
    this.#out.fetch(`let ${log}_length = ${log}.length`)
    const mirror = this.#mirror(log, arrays)
    const isFull = `${log}_length === ${log}_slots.length`
    this.#out.emit(`if (${isFull}) { ${log}.length = ${log}_length; ${log}.grow(); ${mirror} }`)
    const [toSlot, toSign, toValue] = arrays.map(array => `${log}_${array}[${log}_length]`)
    this.#out.emit(`${toSlot} = slot; ${toSign} = ${sign}; ${toValue} = ${value}; ${log}_length++`)
    this.#out.leave(`${log}.length = ${log}_length`)
  }

  /**
   * Add a binding to the group in `slot`, as long as its sum stays exact in one double. A sum kept in parts is NaN here, and goes the long
   * way, as do numbers out of range.
   */
  #addUp(): void {
    const { g, group, value } = this.#fed
    if (group.operator === 'count') {
      this.#out.emit(`${g}_bindings[slot]++`)
      return
    }
    this.#out.emit(`const sum = ${g}_sums[slot], value = ${value}, total = sum + value, shadow = total - sum`)
    const exact = 'sum - (total - shadow) + (value - shadow) === 0'
    this.#out.emit(`if (${exact} && value <= ${SUM_LIMIT} && value >= -${SUM_LIMIT}) {`)
    this.#out.emit(`${g}_bindings[slot]++; ${g}_sums[slot] = total`)
    this.#out.emit(`} else ${g}.take(slot, value, 1)`)
  }
}
