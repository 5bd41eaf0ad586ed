import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { fail } from '../../diagnostic/index.ts'
import type { Store, TokensTable } from '../../store/index.ts'
import { type Caller, ROLES, type Role } from './roles.ts'

/** A token as it is listed: its secret is shown once, when it is made. */
export interface TokenView {
  readonly name: string
  /** Roles, and `push:SOURCE` for tokens that may only push rows of one data source. */
  readonly scopes: readonly string[]
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt?: string
}

export interface NewToken {
  readonly name: string
  readonly scopes: readonly string[]
  /** Milliseconds. */
  readonly lifetime: number
}

const PREFIX = 'usher_'
const LONGEST_LIFETIME = 10 * 366 * 86_400_000
const TOPIC = 'tokens'

/** How long tokens are taken for known before they are read again, in milliseconds: revocations elsewhere are seen after this at the latest. */
const KNOWN_FOR = 5000

/**
 * Make a token. Its text has 256 random bits, so a fast hash protects it as well as a slow one would.
 *
 * @returns the text of the token, which is kept nowhere
 * @throws DiagnosticError `api/bad-scope`, `api/bad-lifetime`, `api/token-name-taken`
 */
export async function createToken(store: Store, token: NewToken, now = Date.now()): Promise<string> {
  if (!/^[\w.@-]{1,64}$/.test(token.name))
    fail('api/bad-scope', `\`${token.name}\` is no name for a token`, {
      help: 'use up to 64 letters, digits and `_.@-`',
    })
  if (token.scopes.length === 0) fail('api/bad-scope', 'a token needs at least one role or scope')
  for (const scope of token.scopes)
    if (!isRole(scope) && !/^push:[\w.-]+$/.test(scope))
      fail('api/bad-scope', `\`${scope}\` is no scope`, { help: `use ${ROLES.join(', ')}, or push:SOURCE` })
  if (!(token.lifetime >= 1000 && token.lifetime <= LONGEST_LIFETIME))
    fail('api/bad-lifetime', 'a token lives for a second at least and for ten years at the most')
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  await store.transaction(async tx => {
    const taken = await tx.selectFrom('tokens').select('id').where('name', '=', token.name).executeTakeFirst()
    if (taken) fail('api/token-name-taken', `there is or was a token \`${token.name}\` already`)
    await tx
      .insertInto('tokens')
      .values({
        id,
        name: token.name,
        hash: hashOf(secret),
        scopes: JSON.stringify(token.scopes),
        created_at: now,
        expires_at: now + token.lifetime,
        revoked_at: null,
      })
      .execute()
  })
  store.signal(TOPIC, token.name)
  return `${PREFIX}${id}_${secret}`
}

/** All tokens ever made, the newest first. */
export async function listTokens(store: Store): Promise<readonly TokenView[]> {
  const rows = await store.db.selectFrom('tokens').selectAll().orderBy('created_at', 'desc').orderBy('name').execute()
  return rows.map(row => ({
    name: row.name,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: iso(row.created_at),
    expiresAt: iso(row.expires_at),
    ...(row.revoked_at === null ? {} : { revokedAt: iso(row.revoked_at) }),
  }))
}

/**
 * Make a token worthless, at once here and within seconds in other replicas. Revoking twice changes nothing.
 * @throws DiagnosticError `api/no-such-token`
 */
export async function revokeToken(store: Store, name: string, now = Date.now()): Promise<void> {
  await store.transaction(async tx => {
    const row = await tx.selectFrom('tokens').select(['id', 'revoked_at']).where('name', '=', name).executeTakeFirst()
    if (!row) fail('api/no-such-token', `there is no token \`${name}\``, { help: 'see `usher token list`' })
    if (row.revoked_at === null)
      await tx.updateTable('tokens').set({ revoked_at: now }).where('id', '=', row.id).execute()
  })
  store.signal(TOPIC, name)
}

/** Tells who holds a token, from memory, so that reading goes on while the database is away. */
export interface TokenBook {
  /** Undefined: no token of ours, or it is revoked or expired. Rejects when the database is away and was never read. */
  find(text: string): Promise<Caller | undefined>
  close(): void
}

export function createTokenBook(store: Store, clock: () => number = Date.now): TokenBook {
  let known: ReadonlyMap<string, TokensTable> | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  const read = (): Promise<void> => {
    reading ??= readAll().finally(() => {
      reading = undefined
    })
    return reading
  }
  const readAll = async (): Promise<void> => {
    const startedAt = clock()
    const rows = await store.db.selectFrom('tokens').selectAll().where('revoked_at', 'is', null).execute()
    known = new Map(rows.map(row => [row.id, row]))
    readAt = startedAt
  }
  const stop = store.onSignal(TOPIC, () => {
    readAt = Number.NEGATIVE_INFINITY
  })
  return {
    async find(text) {
      const [, id, secret] = /^usher_([0-9a-f]{16})_([\w-]{43})$/.exec(text) ?? []
      if (id === undefined || secret === undefined) return undefined
      const old = clock() - readAt > KNOWN_FOR
      // What was known before is good enough when the database is away; knowing nothing at all is not.
      if (!known) await read()
      else if (old) await read().catch(() => {})
      const row = known?.get(id)
      if (!row || row.expires_at <= clock()) return undefined
      if (!timingSafeEqual(Buffer.from(row.hash), Buffer.from(hashOf(secret)))) return undefined
      return callerOf(row)
    },
    close: stop,
  }
}

export function isOurToken(text: string): boolean {
  return text.startsWith(PREFIX)
}

function callerOf(row: TokensTable): Caller {
  const scopes = JSON.parse(row.scopes) as string[]
  return {
    id: `token:${row.name}`,
    roles: new Set(scopes.filter(isRole)),
    pushes: new Set(scopes.flatMap(scope => (scope.startsWith('push:') ? [scope.slice(5)] : []))),
  }
}

function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text)
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
