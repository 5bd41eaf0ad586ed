/** One step of a multiplicative hash over 32-bit ids; start from 0 and fold each column in. */
export function mix(hash: number, id: number): number {
  const h = Math.imul(hash ^ id, 0x9e3779b1)
  return h ^ (h >>> 15)
}

/**
 * The hash over the bytes of a text goes `h = h * TEXT_FACTOR + byte`, from 0, in 32 bits. The last byte is added and not multiplied, so
 * that `vm10` to `vm19` are neighbours in a table of hashes: names mostly come in order, and memory is read by lines.
 */
export const TEXT_FACTOR = 0x9e3779b1

/** The hash of an ASCII text's bytes from `start` to before `end`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let i = start; i < end; i++) hash = (Math.imul(hash, TEXT_FACTOR) + bytes[i]!) | 0
  return hash
}

/** The same of a string; undefined when it is not ASCII. */
export function hashText(text: string): number | undefined {
  let hash = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return undefined
    hash = (Math.imul(hash, TEXT_FACTOR) + code) | 0
  }
  return hash
}

/** A copy twice as long, at least. */
export function grownInts(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.max(length, old.length * 2))
  copy.set(old)
  return copy
}
