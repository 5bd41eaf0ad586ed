import { type ChainOptions, solveModel } from './chain.ts'
import { checkSolution } from './check-solution.ts'
import { choicesAmong, type Kind } from './choices.ts'
import { type Direction, type Point, pointsThatMatter } from './enumerate.ts'
import { objectiveValue } from './level.ts'
import { type Entries, ModelBuilder } from './model-builder.ts'
import { ByNumbers, type Part, type Partition, PartReader, partition } from './parts.ts'
import { exceeds, sameValue, snap } from './tolerance.ts'
import type { Model, Solution } from './types.ts'

/** Steps that enumerating small parts may take: all together, and each. */
const STEPS = { all: 2_000_000, each: 20_000 }
/** Integer columns up to which a part is tried to be small. */
const SMALL_COLUMNS = 60
/** Parts that are not small are solved together up to this many columns. */
const BATCH_COLUMNS = 2_000
const DEFAULT_SECONDS = 60

/**
 * Solve a model, its independent parts apart. The objectives are sums over the parts, so that the lexicographic best of each together are
 * the best of all. Small parts are enumerated, equal ones once. Where a few long rows (a budget) link the parts and the best of each
 * together break one, a program over the points that matter chooses among them: how many parts of each kind take which
 * (Dantzig and Wolfe's decomposition, 1960, with all columns at hand). A model that is one part goes to the chain as it is, and so does
 * every model for which a solver is named.
 */
export async function solveInParts(model: Model, options: ChainOptions = {}): Promise<Solution> {
  const whole = (): Promise<Solution> => solveModel(model, options)
  if (options.solver !== undefined || (options.gap ?? 0) > 0 || model.objectives.length === 0) return whole()
  const started = performance.now()
  const split = partition(model)
  if (split.parts.length < 2) return whole()
  const deadline = started + 1000 * (options.timeLimitSeconds ?? DEFAULT_SECONDS)
  const secondsLeft = (): number => Math.max(0.01, (deadline - performance.now()) / 1000)
  const found = await new InParts(model, split, options, secondsLeft).solve()
  if (found) return { ...found, elapsedMs: performance.now() - started }
  return solveModel(model, { ...options, timeLimitSeconds: secondsLeft() })
}

class InParts {
  readonly #model: Model
  readonly #linking: readonly number[]
  readonly #options: ChainOptions
  readonly #secondsLeft: () => number
  readonly #kinds: readonly Kind[]
  readonly #large: readonly Part[]

  constructor(model: Model, { parts, linking }: Partition, options: ChainOptions, secondsLeft: () => number) {
    this.#model = model
    this.#linking = linking
    this.#options = options
    this.#secondsLeft = secondsLeft
    const { kinds, large } = sortParts(model, parts, linking)
    this.#kinds = kinds
    this.#large = large
  }

  /** Undefined: better asked as a whole. */
  async solve(): Promise<Solution | undefined> {
    const infeasible = this.#kinds.some(k => k.points.length === 0) || !this.#emptyRowsHold()
    if (infeasible) return this.#answer('infeasible', undefined, [])
    if (this.#large.length === 0) {
      const values = this.#unlinkedBest()
      if (this.#linksHold(values)) return this.#answer('optimal', values, [])
    }
    if (this.#linking.length > 0) return this.#kinds.length > 0 ? this.#choose() : undefined
    return this.#large.length > 1 || this.#kinds.length > 0 ? this.#solveBatches() : undefined
  }

  /** The best point of each small part, wherever that leaves the linking rows. */
  #unlinkedBest(): Float64Array {
    const values = new Float64Array(this.#model.columns.count)
    for (const { points, parts } of this.#kinds) {
      const best = points.reduce((a, b) => (this.#compare(b, a) < 0 ? b : a))
      for (const part of parts) put(values, part, best.values)
    }
    return values
  }

  #compare(a: Point, b: Point): number {
    for (const [k, { granularity }] of this.#model.objectives.entries())
      if (!sameValue(a.objectives[k]!, b.objectives[k]!, granularity)) return a.objectives[k]! - b.objectives[k]!
    return 0
  }

  #linksHold(values: Float64Array): boolean {
    const { rows } = this.#model
    return this.#linking.every(r => {
      let sum = 0
      let size = 0
      for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) {
        const term = rows.entryValue[i]! * values[rows.entryColumn[i]!]!
        sum += term
        size = Math.max(size, Math.abs(term))
      }
      return !exceeds(rows.lower[r]!, sum, size, true) && !exceeds(sum, rows.upper[r]!, size, true)
    })
  }

  #emptyRowsHold(): boolean {
    const { rows } = this.#model
    for (let r = 0; r < rows.count; r++)
      if (rows.rowStart[r] === rows.rowStart[r + 1] && (rows.lower[r]! > 0 || rows.upper[r]! < 0)) return false
    return true
  }

  /** How many parts of each kind take which of its points, and the columns of the other parts as they are. */
  async #choose(): Promise<Solution | undefined> {
    const { rows, objectives } = this.#model
    const builder = new ModelBuilder()
    const choices = choicesAmong(this.#kinds)
    if (choices.length + this.#large.length === 0) return this.#answer('infeasible', undefined, [])
    const chosen = choices.map(({ points, places }, k) =>
      points.map((_, p) => builder.addColumn({ name: `kind${k}.${p}`, upper: places.length, integer: true })),
    )
    const column = this.#addColumns(builder, this.#large)
    chosen.forEach((columns, k) => {
      const size = choices[k]!.places.length
      builder.addRow({ name: `kind${k}`, entries: columns.map(c => [c, 1] as const), lower: size, upper: size })
    })
    const ofPoints = (measure: (point: Point) => number): [number, number][] =>
      choices.flatMap(({ points }, k) => points.map((p, i): [number, number] => [chosen[k]![i]!, measure(p)]))
    const settled = this.#kinds.filter(kind => kind.points.length === 1)
    this.#addRows(
      builder,
      this.#large.flatMap(part => [...part.rows]),
      column,
    )
    this.#linking.forEach((r, l) => {
      const entries = [...rowEntries(this.#model, r, column), ...ofPoints(p => p.linking[l]!)]
      const taken = settled.reduce((sum, { points, parts }) => sum + parts.length * points[0]!.linking[l]!, 0)
      builder.addRow({ name: rows.name(r), entries, lower: rows.lower[r]! - taken, upper: rows.upper[r]! - taken })
    })
    objectives.forEach((o, k) => {
      const raw = objectiveEntries(this.#model, k, column)
      // What is settled adds to the value and to its bound alike.
      builder.addObjective({ ...o, constant: 0, entries: [...raw, ...ofPoints(p => p.objectives[k]!)] })
    })
    const solution = await solveModel(builder.build(), this.#asked(this.#secondsLeft() / 2))
    if (solution.status === 'infeasible') return this.#answer('infeasible', undefined, [solution])
    if (solution.status !== 'optimal') return undefined
    const values = new Float64Array(this.#model.columns.count)
    for (const { points, parts } of settled) for (const part of parts) put(values, part, points[0]!.values)
    choices.forEach(({ points, places }, k) => {
      let next = 0
      points.forEach((_, p) => {
        for (let n = solution.values[chosen[k]![p]!]!; n > 0; n--) {
          const { part, kind } = places[next++]!
          put(values, part, kind.points[p]!.values)
        }
      })
    })
    for (const [c, to] of column) values[c] = solution.values[to]!
    return this.#answer('optimal', values, [solution])
  }

  /** Nothing links the parts: solve those that are not small one batch after the other. */
  async #solveBatches(): Promise<Solution | undefined> {
    const values = this.#unlinkedBest()
    const solutions: Solution[] = []
    const batches = batchesOf(this.#large)
    let open = batches.reduce((sum, batch) => sum + sizeOf(batch), 0)
    for (const batch of batches) {
      const builder = new ModelBuilder()
      const column = this.#addColumns(builder, batch)
      this.#addRows(
        builder,
        batch.flatMap(part => [...part.rows]),
        column,
      )
      this.#model.objectives.forEach((o, k) => {
        builder.addObjective({ ...o, constant: 0, entries: objectiveEntries(this.#model, k, column) })
      })
      const { start } = this.#options
      const size = sizeOf(batch)
      const solution = await solveModel(builder.build(), {
        ...this.#asked((this.#secondsLeft() * size) / open),
        ...(start && { start: Float64Array.from(column.keys(), c => start[c]!) }),
      })
      open -= size
      if (solution.status === 'infeasible') return this.#answer('infeasible', undefined, [solution])
      if (solution.status === 'none') return undefined
      for (const [c, to] of column) values[c] = solution.values[to]!
      solutions.push(solution)
    }
    const proven = solutions.every(s => s.status === 'optimal')
    return this.#answer(proven ? 'optimal' : 'feasible', values, solutions)
  }

  #asked(timeLimitSeconds: number): ChainOptions {
    const { seed, signal } = this.#options
    return { timeLimitSeconds, ...(seed !== undefined && { seed }), ...(signal && { signal }) }
  }

  /** Columns of parts in another model. */
  #addColumns(builder: ModelBuilder, parts: readonly Part[]): Map<number, number> {
    const { columns } = this.#model
    const numbers = new Map<number, number>()
    for (const part of parts)
      for (const c of part.columns)
        numbers.set(
          c,
          builder.addColumn({
            name: () => columns.name(c),
            lower: columns.lower[c]!,
            upper: columns.upper[c]!,
            integer: columns.integer[c] === 1,
          }),
        )
    return numbers
  }

  #addRows(builder: ModelBuilder, rowNumbers: readonly number[], column: ReadonlyMap<number, number>): void {
    const { rows } = this.#model
    for (const r of rowNumbers)
      builder.addRow({
        name: () => rows.name(r),
        entries: rowEntries(this.#model, r, column),
        lower: rows.lower[r]!,
        upper: rows.upper[r]!,
      })
  }

  /** Parts put together and checked. Undefined when what was put together does not hold after all. */
  #answer(
    status: Solution['status'],
    values: Float64Array | undefined,
    solutions: readonly Solution[],
  ): Solution | undefined {
    const { objectives } = this.#model
    const shared = {
      solver: solutions[0]?.solver ?? 'enumeration',
      declined: solutions[0]?.declined ?? [],
      elapsedMs: 0,
    }
    if (values === undefined) return { ...shared, status, values: new Float64Array(0), objective: [], bounds: [] }
    const checked = checkSolution(this.#model, values).values
    if (!checked) return undefined
    const objective = objectives.map(o => snap(objectiveValue(o, checked), o.granularity))
    const { start, onIncumbent } = this.#options
    if (!start || objectives.some((o, k) => !sameValue(objectiveValue(o, start), objective[k]!, o.granularity)))
      onIncumbent?.(checked.slice(), objective)
    return { ...shared, status, values: checked, objective, bounds: boundsOf(objective, solutions) }
  }
}

/** What the parts' bounds add up to. After a level that is open in some part, nothing is known of the next: parts may trade. */
function boundsOf(objective: readonly number[], solutions: readonly Solution[]): number[] {
  let known = true
  return objective.map((value, k) => {
    if (!known) return Number.NEGATIVE_INFINITY
    // What is left by rounding alone is not open.
    const open = solutions.filter(s => exceeds(s.objective[k]!, s.bounds[k]!, 0, true))
    if (open.length > 0) known = solutions.length === 1
    return value - open.reduce((sum, s) => sum + (s.objective[k]! - s.bounds[k]!), 0)
  })
}

/** Small parts by kind, and those that are not small. */
function sortParts(
  model: Model,
  parts: readonly Part[],
  linking: readonly number[],
): { kinds: readonly Kind[]; large: readonly Part[] } {
  const { rows, columns, objectives } = model
  const reader = new PartReader(model, linking)
  const granularity = objectives.map(o => o.granularity)
  const directions = linking.map((r): Direction => {
    if (rows.lower[r] === Number.NEGATIVE_INFINITY) return 'less'
    return rows.upper[r] === Number.POSITIVE_INFINITY ? 'more' : 'same'
  })
  const known = new ByNumbers<Kind | undefined>()
  const kinds: Kind[] = []
  const large: Part[] = []
  let left = STEPS.all
  const kindOf = (part: Part): Kind | undefined => {
    const steps = { left: Math.min(left, STEPS.each) }
    left -= steps.left
    const points = pointsThatMatter(reader.program(part), granularity, directions, steps)
    left += Math.max(0, steps.left)
    if (!points) return undefined
    kinds.push({ points, parts: [] })
    return kinds.at(-1)
  }
  for (const part of parts) {
    const isSmall = part.columns.length <= SMALL_COLUMNS && part.columns.every(c => columns.integer[c] === 1)
    const kind = isSmall ? known.getOrMake(reader.numbersOf(part), () => kindOf(part)) : undefined
    if (kind) kind.parts.push(part)
    else large.push(part)
  }
  return { kinds, large }
}

/** Parts that are solved as one model each. */
function batchesOf(parts: readonly Part[]): Part[][] {
  const batches: Part[][] = []
  let room = 0
  for (const part of [...parts].sort((a, b) => b.columns.length - a.columns.length)) {
    if (part.columns.length > room) {
      batches.push([])
      room = Math.max(part.columns.length, BATCH_COLUMNS)
    }
    batches.at(-1)!.push(part)
    room -= part.columns.length
  }
  return batches
}

const sizeOf = (parts: readonly Part[]): number => parts.reduce((sum, part) => sum + part.columns.length, 0)

function put(values: Float64Array, { columns }: Part, local: Float64Array): void {
  columns.forEach((c, i) => {
    values[c] = local[i]!
  })
}

/** Entries of a row in those columns that are known by another number. */
function* rowEntries({ rows }: Model, r: number, column: ReadonlyMap<number, number>): Entries {
  for (let i = rows.rowStart[r]!; i < rows.rowStart[r + 1]!; i++) {
    const to = column.get(rows.entryColumn[i]!)
    if (to !== undefined) yield [to, rows.entryValue[i]!]
  }
}

function* objectiveEntries({ objectives }: Model, k: number, column: ReadonlyMap<number, number>): Entries {
  const o = objectives[k]!
  for (let i = 0; i < o.column.length; i++) {
    const to = column.get(o.column[i]!)
    if (to !== undefined) yield [to, o.value[i]!]
  }
}
