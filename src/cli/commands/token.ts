import { type Command, Option } from 'commander'
import { fail } from '../../diagnostic/index.ts'
import type { Store } from '../../store/index.ts'
import type { Context } from '../context.ts'
import { examples } from '../options.ts'

interface DatabaseOptions {
  readonly database: string
}

interface CreateOptions extends DatabaseOptions {
  readonly role: readonly string[]
  readonly push: readonly string[]
  readonly expires: string
}

const HOURS = { h: 1, d: 24 } as const

/** `usher token …`: make, list and revoke the tokens that requests to the service carry. */
export function addToken(program: Command, context: Context): Command {
  const command = program
    .command('token')
    .summary('make, list and revoke tokens of the service')
    .description(
      'Make, list and revoke the tokens that requests to `usher serve` carry. They are in its database, by a hash; the token itself is ' +
        'printed once, when it is made.',
    )
  const add = (name: string, summary: string, takes?: string): Command => {
    const sub = command
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    if (takes) sub.argument(takes)
    return sub
      .addOption(
        new Option('--database <place>', 'a SQLite file, or the URL of a PostgreSQL: that of the service')
          .env('USHER_DATABASE')
          .default('usher.db'),
      )
      .option('--json', 'answer with one JSON document')
      .on('option:json', () => {
        context.json = true
      })
  }
  const several = (value: string, before: readonly string[]): readonly string[] => [...before, value]
  add('create', 'make a token and print it, once', '<name>')
    .option('--role <role>', 'viewer, author, operator or admin; may be repeated', several, [])
    .option('--push <source>', 'good for pushing rows to this data source; may be repeated', several, [])
    .option('--expires <time>', 'after how many hours or days it ends, for example 12h or 90d', '90d')
    .action((name: string, options: CreateOptions) => create(name, options, context))
  add('list', 'list all tokens that were ever made').action((options: DatabaseOptions) => list(options, context))
  add('revoke', 'make a token worthless', '<name>').action((name: string, options: DatabaseOptions) =>
    revoke(name, options, context),
  )
  return examples(command, [
    ['usher token create ci --role author --expires 30d', 'a token for a pipeline that writes policies'],
    ['usher token create agent --push racks', 'one that can only push rows to the data source `racks`'],
    ['usher token revoke ci', 'when it leaked'],
  ])
}

async function create(name: string, { role, push, expires, database }: CreateOptions, context: Context): Promise<void> {
  const [, amount, unit] = /^(\d{1,5})([hd])$/.exec(expires) ?? []
  if (amount === undefined)
    fail('api/bad-lifetime', `\`${expires}\` is not a lifetime`, { help: 'write for example `12h` or `90d`' })
  const lifetime = Number(amount) * HOURS[unit as keyof typeof HOURS] * 3_600_000
  const scopes = [...role, ...push.map(source => `push:${source}`)]
  if (scopes.length === 0)
    fail('api/bad-scope', 'the token would be good for nothing', { help: 'add `--role viewer`, for example' })
  const { createToken } = await import('../../api/index.ts')
  const token = await withStore(database, store => createToken(store, { name, scopes, lifetime }))
  if (context.json) return context.answer({ name, scopes, token })
  context.say(token)
  context.remark('keep it well: it is shown this one time')
}

async function list({ database }: DatabaseOptions, context: Context): Promise<void> {
  const { listTokens } = await import('../../api/index.ts')
  const tokens = await withStore(database, listTokens)
  if (context.json) return context.answer(tokens)
  const now = new Date().toISOString()
  context.table(
    ['name', 'good for', 'made', 'ends', 'state'].map(title => ({ title })),
    tokens.map(({ name, scopes, createdAt, expiresAt, revokedAt }) => [
      name,
      scopes.join(', '),
      day(createdAt),
      day(expiresAt),
      revokedAt ? `revoked ${day(revokedAt)}` : expiresAt <= now ? 'expired' : 'good',
    ]),
  )
}

async function revoke(name: string, { database }: DatabaseOptions, context: Context): Promise<void> {
  const { revokeToken } = await import('../../api/index.ts')
  await withStore(database, store => revokeToken(store, name))
  if (context.json) return context.answer({ name, revoked: true })
  context.say(`\`${name}\` is revoked`)
}

function day(moment: string): string {
  return moment.slice(0, 16).replace('T', ' ')
}

async function withStore<T>(database: string, work: (store: Store) => Promise<T>): Promise<T> {
  const { openStore } = await import('../../store/index.ts')
  const store = await openStore(/^\w+:\/\//.test(database) ? { url: database } : { file: database })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
