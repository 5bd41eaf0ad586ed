import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fail } from '../diagnostic/index.ts'

/** Texts that are stored sealed: nobody can read or change them without the key. */
export interface Vault {
  readonly hasKey: boolean
  /** `about`: what the text belongs to; it can be opened as belonging to that only. */
  seal(text: string, about: string): string
  /** A text that was not sealed comes back as it is. */
  open(text: string, about: string): string
}

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const SEALED = /^sealed:1:([0-9a-f]{8}):([A-Za-z0-9+/]+=*)$/

/**
 * AES-256-GCM with a random initialisation vector for each text, which is safe for 2^32 texts of one key (NIST SP 800-38D). A sealed
 * text names its key by the first digits of the key's hash, so that a wrong one is told from a damaged text.
 * @param key 32 bytes, as 64 hexadecimal digits or in base64; without one nothing is sealed or opened
 * @throws DiagnosticError `store/key`
 */
export function createVault(key: string | undefined): Vault {
  const bytes = key === undefined ? undefined : readKey(key.trim())
  const name = bytes && createHash('sha256').update(bytes).digest('hex').slice(0, 8)
  return {
    hasKey: bytes !== undefined,
    seal(text, about) {
      if (!bytes) return noKey()
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', bytes, iv).setAAD(Buffer.from(about))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `sealed:1:${name}:${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')}`
    },
    open(text, about) {
      const [, by, body = ''] = SEALED.exec(text) ?? []
      if (by === undefined) return text
      if (!bytes) return noKey()
      if (by !== name)
        fail('store/wrong-key', `the database holds secrets sealed with another key (\`${by}\`, not \`${name}\`)`, {
          help: 'give the key they were sealed with',
        })
      const data = Buffer.from(body, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', bytes, data.subarray(0, IV_BYTES))
      decipher.setAAD(Buffer.from(about)).setAuthTag(data.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      try {
        return decipher.update(data.subarray(IV_BYTES + TAG_BYTES)).toString('utf8') + decipher.final('utf8')
      } catch {
        return fail('store/damaged', 'a sealed text in the database was changed or is damaged', {
          help: 'restore the database from a copy',
        })
      }
    },
  }
}

/**
 * The key that the environment names: `USHER_SECRET_KEY`, or the file `USHER_SECRET_KEY_FILE`.
 * @throws DiagnosticError `store/key` when the file can't be read
 */
export function readSecretKey(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { USHER_SECRET_KEY: key, USHER_SECRET_KEY_FILE: file } = environment
  if (key || !file) return key || undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return fail('store/key', `the key file \`${file}\` can't be read (${(error as NodeJS.ErrnoException).code})`, {
      help: 'make one with `openssl rand -base64 32`, readable by usher alone',
    })
  }
}

function readKey(text: string): Buffer {
  const bytes = Buffer.from(text, /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64')
  if (bytes.length === KEY_BYTES) return bytes
  return fail('store/key', 'the key for secrets is not 32 bytes in base64 or in hexadecimal digits', {
    help: 'make one with `openssl rand -base64 32`',
  })
}

function noKey(): never {
  return fail('store/no-key', 'the database holds secrets, and there is no key to open them with', {
    help: 'set `USHER_SECRET_KEY` or `USHER_SECRET_KEY_FILE` to the key they were sealed with',
  })
}
