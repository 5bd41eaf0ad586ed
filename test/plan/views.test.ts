import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { planHtml } from '../../src/cli/plan-views/html.ts'
import { mistralText } from '../../src/cli/plan-views/mistral.ts'
import { duration, ticks, volume } from '../../src/cli/plan-views/units.ts'
import { hostChanges, type PlanReport, planWorld } from '../../src/control/index.ts'
import { fileOf, folderOf, usher } from '../cli/usher.ts'
import { CAPACITY, type SmallCloud, worldOf } from './clouds.ts'
import { expectMinimal } from './minimal.ts'
import { faultsOf } from './mistral-language.ts'

/** Two VMs that change places and must never meet, and a third with a name made for mischief. */
const CLOUD: SmallCloud = {
  hosts: { h1: 9, h2: 9, h3: 9 },
  vms: { w1: [4, 'h1'], w2: [4, 'h2'], "<img src=x onerror='1'>": [1, 'h3'] },
}
const POLICY = `${CAPACITY}
error("w1", "", "") :- nova:location("w1", h), h != "h2"
error("w2", "", "") :- nova:location("w2", h), h != "h1"
error("apart", h, "") :- nova:location("w1", h), nova:location("w2", h)
error("t", "", "") :- nova:location("<img src=x onerror='1'>", "h3")
`

async function made(): Promise<{ report: PlanReport; html: string; mistral: MistralFile }> {
  const world = worldOf(POLICY, CLOUD)
  const report = await planWorld(world, {})
  expectMinimal(world, report)
  return {
    report,
    html: planHtml(report, hostChanges(world, report), new Date(0)),
    mistral: parse(mistralText(report)) as MistralFile,
  }
}

interface MistralTask {
  readonly action: string
  readonly input: Record<string, unknown>
  readonly join?: string
  readonly retry?: Record<string, unknown>
  readonly 'on-success'?: (string | Record<string, string>)[]
}

interface MistralFile {
  readonly version: string
  readonly usher_plan: { readonly type: string; readonly tasks: Record<string, MistralTask> }
}

describe('the page', () => {
  test('has every move, names escaped, and asks for nothing from elsewhere', async () => {
    const { report, html } = await made()
    expect(report.moves.filter(m => m.parking)).toHaveLength(1)
    expect(html.match(/<rect/g)).toHaveLength(report.moves.length)
    expect(html).toContain('stops on the way')
    expect(html).toContain('&lt;img src=x onerror=&#39;1&#39;&gt;')
    expect(html).not.toContain('<img')
    expect(html).not.toMatch(/<script|\bsrc="|href=|url\(|@import|https?:/)
    expect(html).toContain("default-src 'none'")
  })

  test('shows each host before and after', async () => {
    const { report } = await made()
    const changes = hostChanges(worldOf(POLICY, CLOUD), report)
    const h1 = changes.find(c => c.host === 'h1')!
    expect(h1).toMatchObject({ staying: [], leaving: ['w1'] })
    expect(h1.arriving).toContain('w2')
    expect(changes.flatMap(c => c.passing)).toHaveLength(1)
  })

  test('of a plan without moves says so', async () => {
    const world = worldOf(CAPACITY, CLOUD)
    const report = await planWorld(world, {})
    expect(planHtml(report, hostChanges(world, report), new Date(0))).toContain('Nothing to move')
  })
})

describe('the workflow for Mistral', () => {
  test('migrates each VM and waits until it is there', async () => {
    const { report, mistral } = await made()
    const { tasks, type } = mistral.usher_plan
    expect([mistral.version, type]).toEqual(['2.0', 'direct'])
    expect(faultsOf(mistral)).toEqual([])
    expect(Object.keys(tasks)).toHaveLength(2 * report.moves.length)
    for (const move of report.moves) {
      expect(tasks[move.id]).toMatchObject({
        action: 'nova.servers_live_migrate',
        input: { server: move.vm, host: move.to, block_migration: false, disk_over_commit: false },
        'on-success': [`${move.id}_arrived`],
      })
      expect(tasks[move.id]!.join).toBe(move.after.length > 1 ? 'all' : undefined)
      expect(tasks[`${move.id}_arrived`]!.action).toBe('nova.servers_get')
    }
  })

  test('starts nothing before what it waits for has arrived', async () => {
    const { report, mistral } = await made()
    for (const move of report.moves)
      for (const before of move.after) {
        const next = mistral.usher_plan.tasks[`${before}_arrived`]!['on-success']!
        expect(next.some(t => typeof t === 'object' && move.id in t)).toBe(true)
      }
    const started = Object.values(mistral.usher_plan.tasks)
      .flatMap(t => t['on-success'] ?? [])
      .flatMap(t => (typeof t === 'string' ? [t] : Object.keys(t)))
    for (const name of started) expect(['fail', ...Object.keys(mistral.usher_plan.tasks)]).toContain(name)
  })
})

describe('usher plan', () => {
  const world = () =>
    folderOf({
      'nova/location.csv': 'vm,host\nvm1,h1\nvm2,h1\n',
      'nova/hypervisors.csv': 'hypervisor_hostname\nh1\nh2\nh3\n',
    })
  const drain = () => [fileOf('drain.dl', 'error(vm) :- nova:location(vm, "h1")\n'), '--data', world()]

  test('draws when each VM moves', async () => {
    const { out } = await usher(['plan', ...drain()])
    expect(out).toMatch(/expected to take .* s \(likely .*\), 2 GiB over the network/)
    expect(out).toMatch(/^m1 vm\d h1 → h\d {2}█+$/m)
    expect(out).toMatch(/^m2 vm\d h1 → h\d {2} +█+$/m)
    expect(out).toMatch(/^ +0 s +/m)
  })

  test('with more at once, a shorter plan', async () => {
    const one = await usher(['plan', ...drain(), '--json'])
    const two = await usher(['plan', ...drain(), '--per-host', '2', '--json'])
    const length = (o: typeof one) => (o.json() as PlanReport).makespan
    expect(length(two)).toBeLessThan(length(one))
    expect((await usher(['plan', ...drain(), '--at-once', '0'])).code).toBe(2)
  })

  test('--html writes the page beside the answer', async () => {
    const page = join(folderOf({}), 'plan.html')
    const { code, out, err } = await usher(['plan', ...drain(), '--html', page])
    expect(code).toBe(0)
    expect(out).toContain('2 moves')
    expect(err).toContain(page)
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
    const refused = await usher(['plan', ...drain(), '--html', '/nowhere/plan.html'])
    expect([refused.code, refused.err.includes('plan/page-unwritable')]).toEqual([2, true])
  })

  test('--format mistral prints the workflow alone', async () => {
    const { out } = await usher(['plan', ...drain(), '--format', 'mistral'])
    expect(Object.keys((parse(out) as MistralFile).usher_plan.tasks)).toHaveLength(4)
    expect((await usher(['plan', ...drain(), '--format', 'pdf'])).code).toBe(2)
  })
})

test('units for people', () => {
  expect([0, 2.34, 42, 60, 185, 7800].map(duration)).toEqual([
    '0 s',
    '2.3 s',
    '42 s',
    '1 min',
    '3 min 5 s',
    '2 h 10 min',
  ])
  expect([512, 4096, 3 * 1024 * 1024].map(volume)).toEqual(['512 MiB', '4 GiB', '3 TiB'])
  expect(ticks(26, 8)).toEqual([0, 5, 10, 15, 20, 25])
  for (const makespan of [0.3, 2, 9, 100, 5000, 1e6]) expect(ticks(makespan, 8).length).toBeLessThanOrEqual(12)
})
