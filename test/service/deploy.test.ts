import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../../src/api/metrics.ts'
import { figureNames } from '../../src/control/service/metrics.ts'
import { openTestService, tableSource } from '../../src/control/service/testing/index.ts'

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8')

/** Names of metrics in expressions of PromQL: the rest of what Prometheus adds to a histogram is cut off. */
const metricsIn = (text: string) =>
  new Set([...text.matchAll(/\busher_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

describe('what is deployed beside the program', () => {
  const alerts = parse(read('prometheus/alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[]
  }
  const dashboard = JSON.parse(read('grafana/usher.json')) as { panels: Panel[] }

  test('every metric of the alert rules and the dashboard is one that a server gives', async () => {
    const app = Fastify()
    const open = await openTestService([tableSource('in', { 'in:x': { columns: ['x'] } })])
    const text = await createMetrics(app, open.service, () => ({ clients: 0, sent: 0, cutOff: 0 })).text()
    await open.stop()
    await app.close()
    const known = new Set([...figureNames, ...[...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!)])
    const expressions = [
      ...alerts.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
      ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ]
    expect(expressions.length).toBeGreaterThan(30)
    const used = [...new Set(expressions.flatMap(expr => [...metricsIn(expr)]))]
    expect(used.filter(name => !known.has(name))).toEqual([])
    // And none is given that nobody looks at.
    expect(figureNames.filter(name => !used.includes(name))).toEqual([])
  })

  test('every alert says what to do', () => {
    for (const { rules } of alerts.groups)
      for (const { alert, annotations } of rules)
        expect([alert, Object.keys(annotations).sort()]).toEqual([alert, ['action', 'summary']])
  })

  test('the unit and the image run commands that there are', () => {
    const unit = read('usher.service')
    const image = read('Containerfile')
    expect([...unit.matchAll(/main\.js (\w+)/g)].map(([, command]) => command)).toEqual(['doctor', 'serve'])
    expect(image).toContain('CMD ["serve"')
    const { bin } = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as {
      bin: { usher: string }
    }
    for (const text of [unit, image]) expect(text).toContain(`/usr/lib/usher/${bin.usher}`)
  })
})
