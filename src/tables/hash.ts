/** One step of a multiplicative hash over 32-bit ids; start from 0 and fold each column in. */
export function mix(hash: number, id: number): number {
  const h = Math.imul(hash ^ id, 0x9e3779b1)
  return h ^ (h >>> 15)
}

/** The multiplier of the hash over the bytes of a text: `h = h * TEXT_FACTOR + byte`, from 0, in 32 bits. */
export const TEXT_FACTOR = 0x01000193

/**
 * The hash of ASCII bytes `start` to `end`. The last byte is added and not multiplied, so that `vm10` to `vm19` are neighbours in a
 * table of hashes: names are met in order more often than not, and memory is read by lines.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let h = 0
  for (let i = start; i < end; i++) h = (Math.imul(h, TEXT_FACTOR) + bytes[i]!) | 0
  return h
}

/** A copy twice as long, at least. */
export function grownInts(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.max(length, old.length * 2))
  copy.set(old)
  return copy
}
