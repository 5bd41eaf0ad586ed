import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  compareWith,
  openWorld,
  type PlanReport,
  planReportSchema,
  planWorld,
  type World,
} from '../src/control/index.ts'

/** The six questions of policies/nfv-poc/README.md, with answers worked out by hand and by an independent solver. */

const top = join(import.meta.dirname, '..')
const data = join(top, 'fixtures/nfv-poc')

/** The cloud after the deletion, under the named policies of policies/nfv-poc. */
function afterDeletion(...policies: string[]): Promise<World> {
  return openWorld(
    {
      policies: policies.map(name => join(top, 'policies/nfv-poc', `${name}.dl`)),
      data,
      change: [join(data, 'delete-large3.change.jsonl')],
    },
    new Map(),
  )
}

async function planFor(...policies: string[]): Promise<PlanReport> {
  return (await planReportSchema()).parse(await planWorld(await afterDeletion(...policies), {}))
}

/** VMs of a report that end on a host, by name. */
function sentTo(report: PlanReport, host: string): unknown[] {
  return report.moves
    .filter(move => move.to === host)
    .map(move => move.vm)
    .toSorted()
}

function aim(report: PlanReport, name: string): PlanReport['aims'][number] | undefined {
  return report.aims.find(found => found.name === name)
}

describe('1: at most one server in use below 50 %, and HA', () => {
  test('one move of 4 GiB mends it', async () => {
    const report = await planFor('capacity', 'ha', 'balance')
    expect(report.violationsBefore.map(v => v.text)).toEqual(['error("server-a", "server-b")'])
    expect(report.moves).toHaveLength(1)
    expect(report.moves[0]).toMatchObject({ from: 'server-b', to: 'server-a', cost: 4, step: 1 })
    expect(['VM.b.large2.1', 'VM.b.large2.2']).toContain(report.moves[0]!.vm)
    expect(report.moves[0]!.because.length).toBeGreaterThan(0)
    expect(report).toMatchObject({ status: 'improved', cost: 4, violationsAfter: [], proof: 'optimal' })
  })

  test("the thread's own placements are dearer, or break HA", async () => {
    const world = await afterDeletion('capacity', 'ha', 'balance')
    const report = await planWorld(world, {})
    const rows = await compareWith(join(data, 'alternatives.yaml'), world, report)
    expect(rows.map(row => [row.cost, row.violations.length])).toEqual([
      [4, 0],
      [8, 0],
      [8, 0],
      [4, 1],
    ])
    expect(rows[3]!.violations[0]).toContain('VM.two.large2')
    expect(rows.map(row => row.best)).toEqual([true, false, false, false])
  })
})

test('2: without HA and with as few servers as possible, server-a is emptied', async () => {
  const report = await planFor('capacity', 'balance', 'consolidate')
  expect(sentTo(report, 'server-b')).toEqual(['VM.a.large3.1', 'VM.one.large2'])
  expect(report).toMatchObject({ cost: 12, violationsAfter: [], proof: 'optimal' })
  expect(report.moves).toHaveLength(2)
  expect(aim(report, 'cost 1')).toMatchObject({ before: 55, after: 54 })
})

describe('3: as 2 with HA', () => {
  test('a server is emptied by way of a full one', async () => {
    const report = await planFor('capacity', 'ha', 'balance', 'consolidate')
    expect(report.moves).toHaveLength(3)
    expect(report).toMatchObject({ cost: 20, violationsAfter: [], proof: 'optimal' })
    expect(aim(report, 'cost 1')).toMatchObject({ before: 55, after: 54 })
  })

  test('with server-a and server-b alone, none can be, and the answer says why', async () => {
    const report = await planFor('capacity', 'ha', 'balance', 'consolidate', 'pair-only')
    expect(report.moves).toHaveLength(1)
    expect(report).toMatchObject({ cost: 4, violationsAfter: [] })
    expect(aim(report, 'cost 1')).toMatchObject({ before: 55, after: 55 })
    const text = JSON.stringify(report.unsatisfied)
    expect(text).toContain('VM.one.large2')
    expect(text).toContain('ha.dl')
  })
})

describe('4: every server at 50 % or more', () => {
  test('2 moves of 12 GiB leave no violation', async () => {
    const report = await planFor('capacity', 'utilization')
    expect(report.violationsBefore.map(v => v.text).toSorted()).toEqual(['error("server-a")', 'error("server-b")'])
    expect(report.moves).toHaveLength(2)
    expect(report).toMatchObject({ cost: 12, violationsAfter: [], proof: 'optimal' })
  })

  test('with server-a and server-b alone one violation stays and is explained', async () => {
    const report = await planFor('capacity', 'utilization', 'pair-only')
    expect(report.moves).toHaveLength(1)
    expect(report.cost).toBe(4)
    expect(report.violationsBefore).toHaveLength(2)
    expect(report.violationsAfter).toHaveLength(1)
    expect(report.unsatisfied).toHaveLength(1)
    expect(report.unsatisfied[0]!.conflict.length).toBeGreaterThan(1)
  })
})

test('5: with a budget of 3 GiB nothing moves, and 4 is the smallest that helps', async () => {
  const report = await planFor('capacity', 'ha', 'balance', 'budget')
  expect(report).toMatchObject({ status: 'unchanged', moves: [], cost: 0, smallestBudget: 4 })
  expect(report.violationsAfter).toHaveLength(1)
})

test('6: three members on two servers: best effort, and the conflict is named', async () => {
  const report = await planFor('capacity', 'three-members', 'balance', 'pair-only')
  expect(report.violationsBefore).toHaveLength(2)
  expect(report.violationsAfter).toHaveLength(1)
  expect(report.violationsAfter[0]!.table).toBe('three_members:error')
  expect(report.unsatisfied).toHaveLength(1)
  const conflict = JSON.stringify(report.unsatisfied[0]!.conflict)
  for (const vm of ['VM.one.large2', 'VM.two.large2', 'VM.b.large2.1']) expect(conflict).toContain(vm)
})
