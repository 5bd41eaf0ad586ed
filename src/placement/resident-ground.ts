import type { Evaluator, IsolatedEvaluator } from '../datalog/index.ts'
import type { CoreRule } from '../language/index.ts'
import type { Row, TableData, Value } from '../tables/index.ts'
import { readAims } from './aims.ts'
import { type Analysis, analyse, groupRules } from './analysis.ts'
import { FALSE, type FormulaStore, type Literal, TRUE } from './formula.ts'
import { ground } from './ground.ts'
import { type GroundBody, type GroundProgram, groundProgram } from './ground-program.ts'
import { GroundTable, type GroundTuple, type ValueNumbers } from './ground-table.ts'
import { type JudgeProgram, judgeProgram } from './judge-program.ts'
import { keyColumns, NeededRows } from './needed-rows.ts'
import {
  groundEvaluator,
  groundTables,
  type Problem,
  refuseStopped,
  refusing,
  refusingTooMany,
  type Variation,
} from './problem.ts'
import { RelevantRows } from './relevant-rows.ts'
import type { Refusal } from './split-body.ts'
import type { PlaceInput } from './types.ts'
import { contains, type Universe } from './universe.ts'

/** A part of a cloud: some VMs may go to some hosts, all others stay where they stand. Its VMs have numbers of their own. */
export interface Part {
  readonly problem: Problem
  /** VM number in the whole cloud of each VM of the part. */
  readonly vms: readonly number[]
}

interface Translation {
  readonly analysis: Analysis
  readonly program: GroundProgram
  readonly evaluator: IsolatedEvaluator
  /** How many rules it goes without. */
  readonly refused: number
}

/**
 * Translates parts of one cloud, one after the other. An evaluator keeps what the rules' fixed parts say of the placement as it stands;
 * a part is put in as a change, and rolled back once what came with it is read. The work is that of the part, not of the cloud.
 */
export class ResidentGround {
  readonly #input: PlaceInput
  readonly #present: Evaluator
  readonly #universe: Universe
  readonly #judge: JudgeProgram
  readonly #rulesOf: ReadonlyMap<string, readonly CoreRule[]>
  readonly #refusals: Map<number, Refusal>
  /** Data that only this program reads. */
  readonly #tables: readonly TableData[]
  /** Where the evaluator has each VM. */
  readonly #at: Int32Array
  #translation: Translation | undefined

  constructor(
    input: PlaceInput,
    present: Evaluator,
    universe: Universe,
    { judge, refusals, tables = [] }: Variation = { judge: judgeProgram(input.program) },
  ) {
    this.#input = input
    this.#present = present
    this.#universe = universe
    this.#judge = judge
    this.#refusals = new Map(refusals)
    this.#tables = tables
    this.#rulesOf = groupRules(this.#judge.program)
    this.#at = Int32Array.from(universe.current)
  }

  /**
   * @param host where every VM stands
   * @param open the hosts that VMs of the part may be on, ascending, by VM number
   * @param also tuples of the roles' tables that are to be translated even where no VM of the part can change them, by table
   */
  part(
    host: ArrayLike<number>,
    open: ReadonlyMap<number, readonly number[]>,
    also: ReadonlyMap<string, readonly Row[]> = new Map(),
  ): Part {
    return refusing(this.#judge, this.#refusals, () => {
      const translation = this.#translated()
      this.#follow(translation, host)
      return refusingTooMany(() => this.#part(translation, open, also))
    })
  }

  /**
   * The VMs, ascending, whose being where they stand is read for tuples that hold, however these are derived.
   * @param holding the tuples, by table
   * @param most where more rows than this are read for it, the answer is undefined
   */
  vmsBehind(holding: ReadonlyMap<string, readonly Row[]>, most: number): readonly number[] | undefined {
    return refusing(this.#judge, this.#refusals, () => {
      const { analysis, program, evaluator } = this.#translated()
      const found = new Set<number>()
      const rows = new NeededRows({ analysis, program, rulesOf: this.#rulesOf, view: evaluator.view }, vm => {
        const number = this.#universe.vmNumber.get(vm)
        if (number !== undefined) found.add(number)
      })
      for (const [table, tuples] of holding)
        for (const tuple of tuples) {
          rows.needKey(table, keyColumns(tuple, analysis.columns.get(table)))
          if (rows.count > most) return undefined
        }
      return [...found].sort((a, b) => a - b)
    })
  }

  #part(
    { analysis, program, evaluator }: Translation,
    open: ReadonlyMap<number, readonly number[]>,
    also: ReadonlyMap<string, readonly Row[]>,
  ): Part {
    const { hosts, vms: names } = this.#universe
    const vms = [...open.keys()]
    const universe = this.#universeOf(vms, open)
    const table = program.possibleLocation
    const present = vms.map(vm => [names[vm]!, hosts[this.#at[vm]!]!])
    const possible = vms.flatMap(vm => open.get(vm)!.map(h => [names[vm]!, hosts[h]!]))
    const grounding = evaluator.whatIf([{ table, inserted: [], removed: present }], () =>
      evaluator.whatIf([{ table, inserted: possible, removed: [] }], (view, changes) => {
        const rows = new RelevantRows(this.#judge, { analysis, program, rulesOf: this.#rulesOf, view }, changes, also)
        const guests = (host: Value): readonly Row[] => view.matching(table, [1], [host])
        const fixedHost = (vm: Value): Value | undefined => {
          const v = this.#universe.vmNumber.get(vm)
          return v === undefined ? undefined : hosts[this.#at[v]!]
        }
        return ground(
          this.#judge,
          analysis,
          program,
          universe,
          t => rows.of(t),
          (store, values) => new PartLocation(store, values, universe, fixedHost, guests),
        )
      }),
    )
    const aims = readAims(this.#judge.program, grounding, analysis.columns)
    return { problem: { input: this.#input, judge: this.#judge, analysis, universe, grounding, aims }, vms }
  }

  #universeOf(vms: readonly number[], open: ReadonlyMap<number, readonly number[]>): Universe {
    const whole = this.#universe
    let spent = 0
    for (let vm = 0; vm < this.#at.length; vm++)
      if (this.#at[vm] !== whole.current[vm] && !open.has(vm)) spent += whole.cost(vm, this.#at[vm]!)
    return {
      ...whole,
      vms: vms.map(vm => whole.vms[vm]!),
      vmNumber: new Map(vms.map((vm, i) => [whole.vms[vm]!, i])),
      current: Int32Array.from(vms, vm => whole.current[vm]!),
      hostsOf: vms.map(vm => open.get(vm)!),
      cost: (i, host) => whole.cost(vms[i]!, host),
      leastCost: i => whole.leastCost(vms[i]!),
      budget: whole.budget && { ...whole.budget, limit: whole.budget.limit - spent },
    }
  }

  /** Bring the evaluator to where the VMs stand. */
  #follow({ analysis, program, evaluator }: Translation, host: ArrayLike<number>): void {
    const { hosts, vms } = this.#universe
    const inserted: Value[][] = []
    const removed: Value[][] = []
    for (let vm = 0; vm < this.#at.length; vm++) {
      if (host[vm] === this.#at[vm]) continue
      removed.push([vms[vm]!, hosts[this.#at[vm]!]!])
      inserted.push([vms[vm]!, hosts[host[vm]!]!])
      this.#at[vm] = host[vm]!
    }
    if (inserted.length === 0) return
    evaluator.apply([{ table: program.possibleLocation, inserted, removed }])
    refuseStopped(evaluator, analysis)
  }

  /** The whole cloud's translation, without the rules refused so far. */
  #translated(): Translation {
    if (this.#translation?.refused === this.#refusals.size) return this.#translation
    const analysis = analyse(this.#judge, this.#refusals)
    const program = groundProgram(this.#judge, analysis)
    const bodies = [...program.bodies.values()].flatMap(bodyTables)
    const evaluator = groundEvaluator(
      program,
      analysis,
      [program.possibleLocation, ...new Set(bodies)],
      [
        ...groundTables(this.#judge, program, this.#input, this.#present, {
          ...this.#universe,
          hostsOf: Array.from(this.#at, h => [h]),
        }),
        ...this.#tables,
      ],
    )
    this.#translation = { analysis, program, evaluator, refused: this.#refusals.size }
    return this.#translation
  }
}

function bodyTables(body: GroundBody): string[] {
  return [body.table, ...body.steps.flatMap(step => (step.kind === 'aggregate' ? bodyTables(step.body) : []))]
}

/** "VM is on host" for a part: a condition for its VMs, a fact for all others. */
class PartLocation extends GroundTable {
  readonly #conditions: FormulaStore
  readonly #part: Universe
  readonly #fixedHost: (vm: Value) => Value | undefined
  readonly #guests: (host: Value) => readonly Row[]

  constructor(
    store: FormulaStore,
    values: ValueNumbers,
    part: Universe,
    fixedHost: (vm: Value) => Value | undefined,
    /** Rows (vm, host) that are possible for a host. */
    guests: (host: Value) => readonly Row[],
  ) {
    super(store, values)
    this.#conditions = store
    this.#part = part
    this.#fixedHost = fixedHost
    this.#guests = guests
  }

  override get tuples(): Iterable<GroundTuple> {
    return []
  }

  override get(key: readonly Value[]): GroundTuple | undefined {
    const literal = this.#literal(key[0]!, key[1]!)
    return literal === FALSE ? undefined : { key, alternatives: [{ literal, numbers: [], rules: [] }] }
  }

  override some([vm, host]: readonly (Value | undefined)[]): Literal {
    if (vm !== undefined && host !== undefined) return this.#literal(vm, host)
    if (vm !== undefined) return this.#part.vmNumber.has(vm) || this.#fixedHost(vm) !== undefined ? TRUE : FALSE
    if (host === undefined) return TRUE
    return this.#conditions.or(this.#guests(host).map(row => this.#literal(row[0]!, host)))
  }

  #literal(vm: Value, host: Value): Literal {
    const v = this.#part.vmNumber.get(vm)
    if (v === undefined) return this.#fixedHost(vm) === host ? TRUE : FALSE
    const h = this.#part.hostNumber.get(host)
    const hosts = this.#part.hostsOf[v]!
    if (h === undefined || !contains(hosts, h)) return FALSE
    return hosts.length === 1 ? TRUE : this.#conditions.atom(v, h)
  }
}
