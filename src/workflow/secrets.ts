import type { WorkflowDefinition } from './types.ts'

/*
 * Secrets are stored, because tasks need them, and never shown. What counts as one: the inputs and variables a workflow names under
 * `secrets`, and whatever is kept under a key that speaks for itself. Where the same text turns up elsewhere, in a result or an
 * error, it is masked there too.
 */

export const MASK = '***'

const TELLING = /pass(word|wd|phrase)|secret|token|credential|api[-_]?key|private[-_]?key|authorization/i

/** Shorter texts are masked where they are kept, and not elsewhere: they are parts of too many words. */
const SHORTEST = 4

/** A copy of a value without what is secret. */
export type Masker = <T>(value: T) => T

/** Knows the secrets of one execution from its definition and everything it was given. */
export function createMasker(definition: WorkflowDefinition, known: readonly unknown[]): Masker {
  const names = new Set(definition.secrets ?? [])
  const isSecret = (key: string): boolean => names.has(key) || TELLING.test(key)
  const texts = new Set<string>()
  const collect = (value: unknown, secret: boolean): void => {
    if (typeof value === 'object' && value !== null)
      for (const [key, part] of Object.entries(value)) collect(part, secret || isSecret(key))
    else if (secret && value !== null && String(value).length >= SHORTEST && typeof value !== 'boolean')
      texts.add(String(value))
  }
  for (const value of known) collect(value, false)
  // The longest first: a secret may be part of another.
  const all = [...texts].sort((a, b) => b.length - a.length)
  const maskText = (text: string): string => all.reduce((masked, secret) => masked.replaceAll(secret, MASK), text)
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string') return maskText(value)
    if (typeof value === 'number') return texts.has(String(value)) ? MASK : value
    if (Array.isArray(value)) return value.map(mask)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, isSecret(key) && part !== null ? MASK : mask(part)]),
    )
  }
  return <T>(value: T) => mask(value) as T
}
