import { inspect } from 'node:util'

/** A password, token or key. Printed, logged or turned into JSON it shows nothing; only `reveal` gives it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '(secret)'
  }

  toJSON(): string {
    return '(secret)'
  }

  [inspect.custom](): string {
    return '(secret)'
  }
}

/** The text without the secrets in it. Very short ones are left: hiding `a` everywhere would tell more than it hides. */
export function withoutSecrets(text: string, secrets: Iterable<Secret>): string {
  for (const secret of secrets) {
    const value = secret.reveal()
    if (value.length >= 4) text = text.replaceAll(value, '(secret)')
  }
  return text
}
