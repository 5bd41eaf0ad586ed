import { stringify } from 'yaml'
import type { PlanReport } from '../../control/index.ts'

/** Seconds between two looks at a VM that migrates, and how many times longer than expected it may take. */
const LOOK_SECONDS = 5
const PATIENCE = 10
const SHORTEST_SECONDS = 300

/**
 * A plan as a workflow of Mistral's language, version 2. Two tasks for each move: one asks Nova for the live migration, one looks until
 * the VM is ACTIVE on its target (Nova changes the host before it has finished). What waits for a move starts after the second; a VM
 * that is elsewhere when patience ends makes the workflow fail, and nothing that depends on it starts.
 */
export function mistralText({ moves }: Pick<PlanReport, 'moves'>): string {
  const tasks: Record<string, unknown> = {}
  for (const move of moves) {
    const followers = moves.filter(other => other.after.includes(move.id)).map(other => other.id)
    const seen = `task(${arrival(move.id)}).result`
    const there = `${seen}.get('OS-EXT-SRV-ATTR:host') = ${yaql(move.to)} and ${seen}.status = 'ACTIVE'`
    tasks[move.id] = {
      description: `${move.vm}: ${move.from} to ${move.to}`,
      action: 'nova.servers_live_migrate',
      input: { server: move.vm, host: move.to, block_migration: false, disk_over_commit: false },
      ...(move.after.length > 1 && { join: 'all' }),
      'on-success': [arrival(move.id)],
    }
    tasks[arrival(move.id)] = {
      action: 'nova.servers_get',
      input: { server: move.vm },
      retry: {
        delay: LOOK_SECONDS,
        count: Math.ceil(Math.max(SHORTEST_SECONDS, PATIENCE * (move.end - move.start)) / LOOK_SECONDS),
        'continue-on': `<% not (${there}) %>`,
      },
      'on-success': [{ fail: `<% not (${there}) %>` }, ...followers.map(id => ({ [id]: `<% ${there} %>` }))],
    }
  }
  const workflow = {
    type: 'direct',
    description: `${moves.length} live migrations, planned by Usher`,
    tasks: moves.length > 0 ? tasks : { nothing_to_move: { action: 'std.noop' } },
  }
  return stringify({ version: '2.0', usher_plan: workflow }, { lineWidth: 0 })
}

const arrival = (id: string) => `${id}_arrived`

/** A string of YAQL, in which the backslash escapes. */
const yaql = (value: unknown) => `'${`${value}`.replace(/[\\']/g, '\\$&')}'`
