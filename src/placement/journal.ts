/** What an array held before a step, for its first change of each entry. */
export class Journal {
  readonly at: Int32Array
  readonly before: Float64Array
  count = 0
  readonly #noted: Uint8Array

  constructor(entries: number) {
    this.at = new Int32Array(entries)
    this.before = new Float64Array(entries)
    this.#noted = new Uint8Array(entries)
  }

  note(entry: number, before: number): void {
    if (this.#noted[entry] === 1) return
    this.#noted[entry] = 1
    this.at[this.count] = entry
    this.before[this.count++] = before
  }

  restore(values: Float64Array | Int32Array): void {
    for (let i = 0; i < this.count; i++) {
      values[this.at[i]!] = this.before[i]!
      this.#noted[this.at[i]!] = 0
    }
    this.count = 0
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.#noted[this.at[i]!] = 0
    this.count = 0
  }
}
