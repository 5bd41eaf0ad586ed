import { stringify } from 'yaml'
import type { PlanReport } from '../../control/index.ts'
import { fail } from '../../diagnostic/index.ts'
import { count } from '../words.ts'

type Move = PlanReport['moves'][number]
type Copy = PlanReport['copies'][number]
type Task = Readonly<Record<string, unknown>>

/** Seconds between two looks at a VM that migrates, and how many times longer than expected it may take. */
const LOOK_SECONDS = 5
const PATIENCE = 10
const SHORTEST_SECONDS = 300

/** What Mistral evaluates wherever it stands: YAQL and Jinja. */
const EXPRESSION = /<%|%>|\{\{|\}\}|\{%|%\}/

/**
 * A plan as a workflow of Mistral's language, version 2.
 *
 * Two tasks for each move: one asks Nova for the live migration, one looks until the VM is ACTIVE on its target (Nova changes the host
 * before it has finished). What waits for a move starts after the second; a VM that is elsewhere when patience ends makes the workflow
 * fail, and nothing that depends on it starts.
 *
 * One task for each copy of an image. Nova takes such wishes by aggregate (microversion 2.81) and Mistral has no action for it, so it is
 * a request to Nova's API; who starts the workflow gives the address, a token, and for each host an aggregate with that host alone.
 * Nova does not tell when it is done: the task lasts as long as the copy should.
 *
 * @throws DiagnosticError `plan/mistral-name` for a name that Mistral would take for an expression
 */
export function mistralText({ moves, copies }: Pick<PlanReport, 'moves' | 'copies'>): string {
  const tasks: Record<string, Task> = {}
  const followers = (id: string) => [...copies, ...moves].filter(step => step.after.includes(id)).map(step => step.id)
  for (const copy of copies) tasks[copy.id] = copyTask(copy, followers(copy.id))
  for (const move of moves) Object.assign(tasks, moveTasks(move, followers(move.id)))
  const copied = copies.length === 0 ? '' : ` and ${count(copies.length, 'copy', 'copies')} of images`
  const workflow = {
    type: 'direct',
    description: `${count(moves.length, 'live migration')}${copied}, planned by Usher`,
    ...(copies.length > 0 && { input: ['nova_url', 'token', 'aggregates'] }),
    tasks: moves.length + copies.length > 0 ? tasks : { nothing_to_move: { action: 'std.noop' } },
  }
  return stringify({ version: '2.0', usher_plan: workflow }, { lineWidth: 0 })
}

function moveTasks(move: Move, followers: readonly string[]): Record<string, Task> {
  const [vm, from, to] = [move.vm, move.from, move.to].map(plain)
  const arrival = `${move.id}_arrived`
  const seen = `task(${arrival}).result`
  const there = `${seen}.get('OS-EXT-SRV-ATTR:host') = ${yaql(to!)} and ${seen}.status = 'ACTIVE'`
  return {
    [move.id]: {
      description: `${vm}: ${from} to ${to}`,
      action: 'nova.servers_live_migrate',
      input: { server: vm, host: to, block_migration: move.disk > 0, disk_over_commit: false },
      ...joined(move),
      'on-success': [arrival],
    },
    [arrival]: {
      action: 'nova.servers_get',
      input: { server: vm },
      retry: {
        delay: LOOK_SECONDS,
        count: Math.ceil(Math.max(SHORTEST_SECONDS, PATIENCE * (move.end - move.start)) / LOOK_SECONDS),
        'continue-on': `<% not (${there}) %>`,
      },
      'on-success': [{ fail: `<% not (${there}) %>` }, ...followers.map(id => ({ [id]: `<% ${there} %>` }))],
    },
  }
}

function copyTask(copy: Copy, followers: readonly string[]): Task {
  const [image, to] = [copy.image, copy.to].map(plain)
  return {
    description: `the image ${image} to ${to}`,
    action: 'std.http',
    input: {
      method: 'POST',
      url: `<% $.nova_url %>/os-aggregates/<% $.aggregates.get(${yaql(to!)}) %>/images`,
      headers: { 'X-Auth-Token': '<% $.token %>', 'X-OpenStack-Nova-API-Version': '2.81' },
      body: { cache: [{ id: image }] },
    },
    'wait-after': Math.ceil(copy.end - copy.start),
    ...joined(copy),
    ...(followers.length > 0 && { 'on-success': followers }),
  }
}

const joined = ({ after }: { readonly after: readonly string[] }) => (after.length > 1 ? { join: 'all' } : {})

function plain(name: Move['vm']): string {
  const text = String(name)
  if (EXPRESSION.test(text))
    fail('plan/mistral-name', `Mistral would take the name \`${text}\` for an expression`, {
      help: 'rename it, or carry the plan out with `usher apply`',
    })
  return text
}

/** A string of YAQL, in which the backslash escapes. */
const yaql = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`
