import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, usher } from '../cli/usher.ts'

test('a token is printed once, listed without its secret, and revoked', async () => {
  const database = join(folderOf({}), 'usher.db')
  const token = (...argv: string[]) => usher(['token', ...argv, '--database', database])
  const made = await token('create', 'ci', '--role', 'author', '--expires', '12h')
  expect(made.code).toBe(0)
  expect(made.out).toMatch(/^usher_[0-9a-f]{16}_[\w-]{43}\n$/)
  const listed = await token('list', '--json')
  expect(listed.json()).toMatchObject([{ name: 'ci', scopes: ['author'] }])
  expect(listed.out).not.toContain(made.out.trim().split('_')[2])
  expect((await token('revoke', 'ci')).code).toBe(0)
  expect((await token('list')).out).toContain('revoked')
})

test('what makes no sense is refused, and says what would', async () => {
  const database = join(folderOf({}), 'usher.db')
  for (const [argv, code] of [
    [['create', 'x'], 'api/bad-scope'],
    [['create', 'x', '--role', 'root'], 'api/bad-scope'],
    [['create', 'x', '--role', 'viewer', '--expires', 'soon'], 'api/bad-lifetime'],
    [['revoke', 'nobody'], 'api/no-such-token'],
  ] as const) {
    const { code: exit, err } = await usher(['token', ...argv, '--database', database])
    expect([exit, err]).toEqual([2, expect.stringContaining(`[${code}]`)])
  }
})
