import { describe, expect, it } from 'vitest'
import { cloud, deletion, fileOf, policy, usher } from './cli/usher.ts'

/** The two rules that the scenario began with, as they were first written down, in one file: three columns and one. */
const seeds = `// anti-affinity
error (server, VM1, VM2) :-
same_ha_group(VM1, VM2),
nova:location(VM1, server),
nova:location(VM2, server)

// server-utilization
error(server) :-
type1_server(server),
ceilometer:average_utilization(server, “cpu-util”, avg),
avg < 50
`

/** Puts the second VM of the HA group beside the first. */
const together = `${JSON.stringify({
  table: 'nova:location',
  removed: [['VM.two.large2', 'server-b']],
  inserted: [['VM.two.large2', 'server-a']],
})}\n`

const group = 'error("server-a", "VM.one.large2", "VM.two.large2")'

describe('errors of three columns and of one in a policy', () => {
  const data = () => ['--data', cloud, '--change', deletion, '--change', fileOf('together.jsonl', together)]
  const policies = () => [fileOf('seeds.dl', seeds), policy('capacity')]

  it('are both violations', async () => {
    const { code, out } = await usher(['violations', ...policies(), ...data()])
    expect(code).toBe(1)
    for (const tuple of [group, 'error("server-a")', 'error("server-b")'])
      expect(out.split('\n')).toContain(`error  seeds  ${tuple}`)
  })

  it('are both explained, and told apart in queries', async () => {
    const [seed] = policies()
    for (const [tuple, line] of [
      [group, 2],
      ['error("server-a")', 8],
    ] as const) {
      const { code, out } = await usher(['explain', seed!, tuple, ...data()])
      expect(code).toBe(0)
      expect(out).toMatch(new RegExp(`seeds\\.dl:${line}\\b`))
    }
    const rows = async (query: string) => (await usher(['eval', seed!, '--query', query, ...data()])).out.split('\n')
    expect(await rows('error(x)')).toEqual(expect.arrayContaining(['"server-a"', '"server-b"']))
    expect((await rows('error(a, b, c)')).join('\n')).toContain('VM.two.large2')
    const refused = await usher(['eval', seed!, '--query', 'error(x, y)', ...data()])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('`error` has 1 or 3 columns, but 2 arguments are given')
  })

  it('are both mended by a plan, and named as its reasons', async () => {
    const { out } = await usher(['plan', ...policies(), ...data(), '--json'])
    const report = JSON.parse(out) as { violationsAfter: unknown[]; moves: { because: { instance: string }[] }[] }
    expect(report.violationsAfter).toEqual([])
    const reasons = report.moves.flatMap(move => move.because.map(b => b.instance))
    expect(reasons).toEqual(expect.arrayContaining([group, 'error("server-a")', 'error("server-b")']))
  })
})
