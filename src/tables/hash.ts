/** One step of a multiplicative hash over 32-bit ids; start from 0 and fold each column in. */
export function mix(hash: number, id: number): number {
  const h = Math.imul(hash ^ id, 0x9e3779b1)
  return h ^ (h >>> 15)
}

/** A copy twice as long, at least. */
export function grownInts(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.max(length, old.length * 2))
  copy.set(old)
  return copy
}
