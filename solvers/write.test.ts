import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import highsModule from 'highs'
import { describe, expect, it } from 'vitest'
import { findProgram } from './executable.ts'
import { escapeName, escapeNames, unescapeName } from './file-names.ts'
import { type Model, ModelBuilder, modelJson, solveModel, writeJson, writeLp, writeMps } from './index.ts'
import { assignment, cases, smallModels } from './testing/models.ts'

const highs = await (highsModule as unknown as typeof highsModule.default)()

/** The objective that HiGHS finds for a file's text; 'infeasible' or 'unbounded' otherwise. */
function solveText(format: 'lp' | 'mps', text: string): number | string {
  const data = format === 'lp' ? text : new TextEncoder().encode(text)
  return highs.withModel({ format, data } as Parameters<typeof highs.createModel>[0] & object, model => {
    model.options.set({ output_flag: false, mip_rel_gap: 0 })
    model.run()
    const status = model.getModelStatus()
    if (status === highs.constants.modelStatus.infeasible) return 'infeasible'
    if (status !== highs.constants.modelStatus.optimal) return 'unbounded'
    return model.getObjectiveValue()
  })
}

function expectSame(got: number | string, wanted: readonly number[] | string, k = 0): void {
  if (typeof wanted === 'string') expect(got).toBe(wanted)
  else expect(got).toBeCloseTo(wanted[k]!, 5)
}

describe('LP and MPS files', async () => {
  it.each(cases)('read back: $name', ({ model, wanted }) => {
    expectSame(solveText('lp', writeLp(model)), wanted)
    expectSame(solveText('mps', writeMps(model)), wanted)
  })

  it('read back: random programs', async () => {
    await fc.assert(
      fc.asyncProperty(smallModels, async model => {
        const { status, objective } = await solveModel(model)
        const wanted = status === 'optimal' ? objective : status
        expectSame(solveText('lp', writeLp(model)), wanted)
        expectSame(solveText('mps', writeMps(model)), wanted)
        if (status !== 'optimal') return
        for (let k = 1; k < objective.length; k++)
          expectSame(solveText('lp', writeLp(model, { objective: { level: k, values: objective } })), objective, k)
      }),
      { numRuns: 60 },
    )
  })

  it('give a level with the earlier ones held, or a weighted sum', () => {
    const model = assignment(3, 6, 6)
    for (const write of [writeLp, writeMps]) {
      const format = write === writeLp ? 'lp' : 'mps'
      expectSame(solveText(format, write(model, { objective: { level: 1, values: [0] } })), [2])
      expectSame(solveText(format, write(model, { objective: { level: 2, values: [0, 2] } })), [2])
      expectSame(solveText(format, write(model, { objective: { weights: [1000, 20, 1] } })), [42])
      expect(() => write(model, { objective: { weights: [1] } })).toThrow(RangeError)
      expect(() => write(model, { objective: { level: 1, values: [] } })).toThrow(RangeError)
    }
  })

  it('say where a row comes from and keep names readable', () => {
    const lp = writeLp(assignment(2, 2, 6))
    expect(lp).toContain('\\ room.dl:3 of host-0\n room(host~0): + x(vm0,host~0) + 2 x(vm1,host~0) - 6 used(host~0)')
    expect(lp).toContain('\\ objective hosts in use, constant 0:\n\\   + used(host~0) + used(host~1)')
    expect(writeMps(assignment(2, 2, 6))).toContain('* room.dl:3 of host-0\n L room(host~0)\n')
  })

  it('have no line that readers find too long', () => {
    const longest = Math.max(
      ...writeLp(assignment(12, 12, 6))
        .split('\n')
        .map(line => line.length),
    )
    expect(longest).toBeLessThan(255)
  })

  // Programs of the system read them too, where they are installed.
  for (const [program, args] of [
    ['cbc', (file: string) => [file, '-solve', '-solution', 'out.txt']],
    ['glpsol', (file: string) => [file.endsWith('lp') ? '--lp' : '--freemps', file, '-o', 'out.txt']],
  ] as const) {
    const missing = (await findProgram(program)) === undefined
    it.skipIf(missing)(`are read by ${program}${missing ? ' (skipped: it is not on PATH)' : ''}`, async () => {
      const model = awkward()
      const { objective } = await solveModel(model)
      const folder = await mkdtemp(join(tmpdir(), 'usher-write-'))
      try {
        for (const [file, text] of [
          ['m.lp', writeLp(model)],
          ['m.mps', writeMps(model)],
        ] as const) {
          await writeFile(join(folder, file), text)
          const { stdout } = await promisify(execFile)(program, args(file), { cwd: folder })
          const report = stdout + (await readFile(join(folder, 'out.txt'), 'utf8'))
          const value = /(?:objective value|Objective: .* =)\s+(\S+)/.exec(report.replace(/Continuous objective.*/, ''))
          expect(Number(value?.[1])).toBeCloseTo(objective[0]!, 5)
        }
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  }
})

describe('names in files', () => {
  it('are readable, unique and can be read back', () => {
    expect(escapeName('x[vm1,server-a]')).toBe('x(vm1,server~a)')
    expect(escapeNames(3, () => 'same name')).toEqual(['same#20name', 'same#20name#@1', 'same#20name#@2'])
    for (const name of ['free', 'End', 'st', 'e12', '3rd', '', 'ü ¾', 'a#20b', '(~)', 'infinity', '%41'])
      expect(unescapeName(escapeName(name))).toBe(name)
    expect(escapeName('free')).not.toBe('free')
    expect(escapeName('e12')).not.toMatch(/^e/)
  })

  it('can be read back whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 20 }), names => {
        const escaped = escapeNames(names.length, i => names[i]!)
        expect(new Set(escaped).size).toBe(names.length)
        expect(escaped.map(unescapeName)).toEqual(names)
        for (const name of escaped) expect(name).toMatch(/^[A-Za-z_,()~#][A-Za-z0-9_.,()~#@]*$/)
      }),
      { numRuns: 200 },
    )
  })

  it('are cut when long, and stay unique', () => {
    const escaped = escapeNames(3, i => `${'host '.repeat(100)}${i}`)
    expect(new Set(escaped).size).toBe(3)
    for (const name of escaped) expect(name.length).toBeLessThanOrEqual(100)
  })
})

describe('JSON', () => {
  it('holds the whole model', () => {
    const model = awkward()
    const json = modelJson(model)
    expect(JSON.parse(writeJson(model))).toEqual(json)
    expect(json.columns[1]).toEqual({ name: 'free', lower: null, upper: null, integer: false })
    expect(json.rows[0]).toEqual({
      name: 'nova:location',
      comment: 'a rule: policy.dl:3\non two lines',
      lower: -2.5,
      upper: 3,
      entries: [
        [0, 1],
        [1, 1],
      ],
    })
    expect(json.objectives.map(o => o.constant)).toEqual([4, 0])
  })
})

/** Names and bounds that readers stumble over. */
function awkward(): Model {
  const b = new ModelBuilder()
  const x = b.addColumn({ name: 'x[vm 1,"server-ä"]', lower: -7, upper: 12, integer: true })
  const free = b.addColumn({ name: 'free', lower: Number.NEGATIVE_INFINITY })
  const down = b.addColumn({ name: 'e5', lower: Number.NEGATIVE_INFINITY, upper: -1.5 })
  const fixed = b.addColumn({ name: '2nd', lower: 2, upper: 2 })
  b.addColumn({ name: 'idle', upper: 1, integer: true })
  b.addRow({
    name: 'nova:location',
    entries: [
      [x, 1],
      [free, 1],
    ],
    lower: -2.5,
    upper: 3,
    comment: 'a rule: policy.dl:3\non two lines',
  })
  b.addRow({
    name: 'subject to',
    entries: [
      [down, 1],
      [fixed, 0.125],
      [free, -1],
    ],
    lower: -20,
  })
  b.addObjective({
    name: 'min',
    entries: [
      [x, 3],
      [free, 1e-3],
      [down, 2],
      [fixed, 1],
    ],
    constant: 4,
  })
  b.addObjective({ name: 'none', entries: [] })
  return b.build()
}
