import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { testDialects } from '../store/testing/databases.ts'
import { type Action, createEngine, readHistory, showExecution, type WorkflowDefinition } from './index.ts'
import { Bed } from './testing/bed.ts'

const secretKey = randomBytes(32).toString('base64')
const PIN = 'abcd-1-pin'
const TABLES = ['executions', 'tasks', 'items', 'variables', 'events', 'definitions'] as const

/** The secret goes wherever a value can go: items, results, errors, variables, a sub-workflow under another name, the output. */
const definition: WorkflowDefinition = {
  name: 'w',
  input: ['user', 'pin', 'pins'],
  secrets: ['pin', 'pins'],
  output: { pin: '<% pin %>', copy: '<% copy %>' },
  tasks: {
    echo: { action: 'echo', input: { pin: '<% pin %>' }, publish: { copy: '<% result %>' }, 'on-success': ['each'] },
    each: {
      'with-items': 'x in <% pins %>',
      concurrency: 1,
      action: 'echo',
      input: { pin: '<% x %>' },
      'on-success': ['call'],
    },
    call: { workflow: 'sub', input: { word: '<% pin %>' }, 'on-success': ['bad'] },
    bad: { action: 'bad', input: { pin: '<% copy %>' }, retry: { count: 1 }, 'on-error': ['noop'] },
  },
  workflows: {
    sub: {
      name: 'sub',
      input: ['word'],
      output: { word: '<% word %>' },
      tasks: { a: { action: 'echo', input: { pin: '<% word %>' } } },
    },
  },
}

const seen: unknown[] = []
const actions: Record<string, Action> = {
  echo: {
    run: async ({ pin }) => {
      seen.push(pin)
      return { outcome: 'success', data: `it is ${pin}` }
    },
  },
  bad: {
    run: async ({ pin }) => {
      throw new Error(`refused: ${pin}`)
    },
  },
}

describe.each(testDialects())('on $dialect $skip', dialect => {
  if (dialect.skip) return test.skip(dialect.skip)
  const bed = new Bed(dialect, { secretKey })

  test('secrets reach the actions, and are neither shown nor written anywhere in plain', async () => {
    seen.length = 0
    const input = { user: 'me', pin: PIN, pins: [`${PIN}-2`, `${PIN}-3`] }
    const view = await bed.run(definition, input, actions)
    expect(view.state).toBe('succeeded')
    expect(seen).toEqual([PIN, `${PIN}-2`, `${PIN}-3`, PIN])
    const child = `${view.id}.call.1`
    const shown = JSON.stringify([
      view,
      await readHistory(bed.store, view.id),
      await showExecution(bed.store, child),
      await readHistory(bed.store, child),
    ])
    expect(shown).toContain('refused: it is ***')
    expect(shown).not.toContain(PIN)
    for (const table of TABLES) {
      const { rows } = await sql`select * from ${sql.table(table)}`.execute(bed.store.db)
      expect(JSON.stringify(rows)).not.toContain(PIN)
    }
  })

  test('without the key an execution is shown masked, and none is begun; with another key it is not opened', async () => {
    const { id } = await bed.run(definition, { user: 'me', pin: PIN, pins: [] }, actions)
    const blind = await bed.open()
    const view = await showExecution(blind, id)
    expect(view).toMatchObject({ state: 'succeeded', input: '***', output: '***' })
    expect(view.tasks.map(t => t.state)).toEqual(['succeeded', 'succeeded', 'succeeded', 'failed'])
    expect(JSON.stringify([view, await readHistory(blind, id)])).not.toContain(PIN)
    await expect(createEngine(blind).start(definition, { user: 'me', pin: PIN, pins: [] }, 'x')).rejects.toThrow(
      'the workflow `w` has secrets, and there is no key to store them with',
    )
    await blind.close()
    const other = await bed.open({ secretKey: randomBytes(32).toString('hex') })
    await expect(showExecution(other, id)).rejects.toThrow('sealed with another key')
    await other.close()
  })

  test('what speaks for itself is masked without being named', async () => {
    const login: Action = {
      run: async input => ({ outcome: 'error', error: `login failed with ${input['password']}`, data: 'hunter22' }),
    }
    const view = await bed.run(
      { name: 'w', tasks: { a: { action: 'login', input: { password: '<% password %>' } } } },
      { password: 'hunter22' },
      { login },
    )
    const shown = JSON.stringify([view, await readHistory(bed.store, view.id)])
    expect(shown).toContain('login failed with ***')
    expect(shown).not.toContain('hunter22')
  })
})
