import { type FileHandle, open } from 'node:fs/promises'

const NEWLINE = 10

/** Reads one file after the other into the same memory. */
export class ByteReader {
  #buffer = Buffer.alloc(0)

  /**
   * A file's bytes and a newline after them, good until the next `read`. Undefined for what is no file on a disk, can't be read, or is
   * empty.
   */
  async read(path: string): Promise<Buffer | undefined> {
    let file: FileHandle | undefined
    try {
      file = await open(path)
      const { size } = await file.stat()
      if (size === 0) return undefined
      if (size >= this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(size + 1)
      const { bytesRead } = await file.read(this.#buffer, 0, size, 0)
      this.#buffer[size] = NEWLINE
      return bytesRead === size ? this.#buffer.subarray(0, size + 1) : undefined
    } catch {
      return undefined
    } finally {
      await file?.close()
    }
  }
}
