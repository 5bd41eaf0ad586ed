import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { DiagnosticError } from '../diagnostic/index.ts'
import { createVault, readSecretKey } from './vault.ts'

const secretKey = randomBytes(32).toString('base64')

test('a sealed text opens only with its key, whole, and where it belongs', () => {
  const vault = createVault(secretKey)
  const sealed = vault.seal('"žluťoučký"', 'e1')
  expect(vault.open(sealed, 'e1')).toBe('"žluťoučký"')
  expect(vault.seal('"žluťoučký"', 'e1')).not.toBe(sealed)
  const changed = sealed.slice(0, -6) + (sealed.at(-6) === 'A' ? 'B' : 'A') + sealed.slice(-5)
  for (const open of [() => vault.open(sealed, 'e2'), () => vault.open(changed, 'e1')])
    expect(open).toThrow('was changed or is damaged')
  expect(() => createVault(undefined).open(sealed, 'e1')).toThrow('no key to open them')
  expect(() => createVault('too short')).toThrow(DiagnosticError)
  expect(() => readSecretKey({ USHER_SECRET_KEY_FILE: '/nowhere/key' })).toThrow(
    "`/nowhere/key` can't be read (ENOENT)",
  )
  expect(readSecretKey({ USHER_SECRET_KEY: 'k' })).toBe('k')
  expect(readSecretKey({})).toBeUndefined()
})
