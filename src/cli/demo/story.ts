import { basename, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ComparisonRow, PlanReport, WorkflowMove } from '../../control/index.ts'
import type { Simulator } from '../../datasources/index.ts'
import type { Program } from '../../language/index.ts'
import type { Violation } from '../../placement/index.ts'
import type { ExecutionState } from '../../workflow/index.ts'
import type { Context } from '../context.ts'
import { derivationLines } from '../derivation.ts'
import { comparisonTable, movesTable } from '../plan-text.ts'
import { count, figure } from '../words.ts'
import { label, type Moving, picture } from './picture.ts'
import { ruleLines } from './rules.ts'
import { Screen } from './screen.ts'

const POLICIES = ['ha', 'balance', 'capacity'] as const
const DELETED = 'VM.a.large3.2'

/** Simulated seconds are real ones, so few of them. */
const SECONDS_PER_MIGRATION = 2.5
/** Time to read between two acts, on a terminal. */
const PAUSE_MS = 900

/** How the story went, for programs. */
interface Outcome {
  readonly plan: PlanReport
  readonly comparison: readonly ComparisonRow[]
  readonly execution: ExecutionState
  /** What violates the policies at the end. */
  readonly violations: readonly Violation[]
}

/**
 * The story of one deleted VM, told to someone who has never seen Datalog. Every figure and every line of it comes from the code that
 * the other commands use; nothing is acted.
 */
export async function tellStory(context: Context): Promise<Outcome> {
  const { openFolder, createSimulator } = await import('../../datasources/index.ts')
  const data = repositoryPath('fixtures/nfv-poc')
  const cloud = await openFolder(data).read()
  const simulator = await createSimulator({ cloud, migrationSeconds: SECONDS_PER_MIGRATION })
  try {
    return await new Story(context, simulator).tell()
  } finally {
    simulator.close()
  }
}

/** Folders of the repository, seen from src/cli/demo and from dist/src/cli/demo alike. */
function repositoryPath(path: string): string {
  const up = import.meta.url.includes('/dist/src/') ? '../../../../' : '../../../'
  return relative(process.cwd(), fileURLToPath(new URL(up + path, import.meta.url)))
}

class Story {
  readonly #context: Context
  readonly #simulator: Simulator
  readonly #policies = POLICIES.map(name => repositoryPath(`policies/nfv-poc/${name}.dl`))
  #act = 0

  constructor(context: Context, simulator: Simulator) {
    this.#context = context
    this.#simulator = simulator
  }

  async tell(): Promise<Outcome> {
    const { paint } = this.#context
    this.#say(`${paint.bold('Usher')} seats virtual machines (VMs) on servers, by rules that you write.`)

    await this.#heading('A cloud')
    this.#say(
      '55 servers. 53 are full; two have room. Each box is a VM, as wide as the CPU it uses; dots are free.',
      '',
    )
    this.#picture()
    const [one, two] = [paint.magenta('one'), paint.magenta('two')]
    this.#say('', `${one} and ${two} do the same job, so that if one fails the other still runs.`)

    const { program } = await this.#world()
    await this.#heading('A policy')
    this.#say('A policy is a list of rules. `x :- y, z` reads: x, whenever y and z. Every `error` is a violation.')
    this.#rules(program, 'ha', 'The two must not sit on one server:')
    this.#rules(program, 'balance', 'Half-empty servers waste energy, and one of them is enough:')
    this.#rules(program, 'capacity', 'Where VMs are decides how busy a server is, and none can pass 100 %:')

    await this.#heading('Does it hold?')
    await this.#violations()

    await this.#heading('Somebody deletes a VM')
    this.#simulator.deleteVm(DELETED)
    this.#say(`${label(DELETED)} is gone from server-a:`, '')
    this.#picture()
    this.#say('')
    await this.#violations()

    await this.#heading('What should be done?')
    await this.#carve()
    const { plan, comparison } = await this.#plan()

    await this.#heading('The VMs move')
    this.#say(
      'A plan is carried out as a workflow, one task for each migration, kept in a database: it survives a crash.',
    )
    const execution = await this.#run(plan.moves)

    await this.#heading('Does it hold again?')
    this.#picture()
    this.#say('')
    const violations = await this.#violations()
    const help = paint.cyan('npm run usher -- --help')
    this.#say(
      '',
      `${paint.bold('Now yours:')} README.md shows a first policy; ${help} lists what you have just seen at work.`,
    )
    return { plan, comparison, execution, violations }
  }

  /** Policies and the cloud as it is now. */
  async #world() {
    const { openWorld } = await import('../../control/index.ts')
    return openWorld({ policies: this.#policies, tables: this.#simulator.snapshot() }, this.#context.sources)
  }

  async #violations(): Promise<readonly Violation[]> {
    const { evaluateWorld, violationsOf } = await import('../../control/index.ts')
    const { paint } = this.#context
    const { program, tables } = await this.#world()
    const evaluator = evaluateWorld({ program, tables })
    const found = violationsOf(program, evaluator.view)
    if (found.length === 0) this.#say(`${paint.green('✓')} No violation: the policy holds.`)
    for (const { table, row, text } of found) {
      this.#say(`${paint.red('✗')} ${paint.red(text)}: a violation. Each line below follows from those under it:`, '')
      const derivation = evaluator.explain({ table, row })
      if (derivation) this.#say(...derivationLines(derivation, program, paint).map(line => `  ${line}`))
    }
    return found
  }

  async #carve(): Promise<void> {
    const { carve } = await import('../../placement/index.ts')
    const fates = carve((await this.#world()).program)
    const delegated = fates.filter(fate => fate.fate === 'delegated')
    const places = delegated.map(fate => basename(fate.place)).join(', ')
    this.#say(
      `${delegated.length} of the ${count(fates.length, 'rule')} depend on where VMs are (${places}). They`,
      'become an integer program: numbers for a solver to choose, and inequalities for what must not be.',
    )
  }

  async #plan(): Promise<Pick<Outcome, 'plan' | 'comparison'>> {
    const { compareWith, planWorld } = await import('../../control/index.ts')
    const world = await this.#world()
    const plan = await planWorld(world, {})
    const { model, proof, solver } = plan
    const size = `${count(model.columns, 'column')} and ${count(model.rows, 'row')}`
    const proven = proof === 'optimal' ? ', and proved that nothing better exists' : ''
    this.#say(
      `The model has ${size}; ${solver} solved it${proven}, in ${figure(plan.elapsedMs / 1000, 1)} s altogether:`,
      '',
    )
    if (!this.#context.json) movesTable(plan, this.#context)
    this.#say(
      '',
      'When this was first discussed, three other ways were proposed. The cost is the memory to be copied, in GiB:',
      '',
    )
    const comparison = await compareWith(repositoryPath('fixtures/nfv-poc/alternatives.yaml'), world, plan)
    if (!this.#context.json) comparisonTable(comparison, this.#context)
    return { plan, comparison }
  }

  async #run(moves: readonly WorkflowMove[]): Promise<ExecutionState> {
    const { runPlan, startPlan } = await import('../../control/index.ts')
    const { openStore } = await import('../../store/index.ts')
    const { paint } = this.#context
    const store = await openStore({ memory: true })
    const running = new Map<string, Moving>()
    const begun = performance.now()
    const screen = this.#context.json
      ? undefined
      : new Screen(this.#context, () => [
          '',
          ...picture(this.#simulator.snapshot(), this.#context, [...running.values()]),
        ])
    try {
      const execution = await startPlan(store, { moves }, 60)
      const view = await runPlan(store, this.#simulator, execution, ({ move, state, detail }) => {
        if (!('vm' in move)) return
        const at = `${figure((performance.now() - begun) / 1000, 1)} s`
        if (state === 'started') running.set(move.id, move)
        else running.delete(move.id)
        const mark = { started: paint.yellow('▶'), succeeded: paint.green('✓'), failed: paint.red('✗') }[state]
        const why = detail === undefined ? '' : `: ${detail}`
        screen?.print(`${mark} ${at.padStart(6)}  ${label(move.vm)}  ${move.from} → ${move.to}${why}`)
      })
      screen?.end()
      this.#say('', `The workflow ${view.state}.`)
      return view.state
    } finally {
      screen?.end()
      await store.close()
    }
  }

  #rules(program: Program, policy: string, why: string): void {
    const { paint } = this.#context
    this.#say('', `${why} ${paint.dim(`(${policy}.dl)`)}`, '')
    this.#say(...ruleLines(program, policy, paint).map(line => (line === '' ? '' : `    ${line}`)))
  }

  #picture(): void {
    this.#say(...picture(this.#simulator.snapshot(), this.#context))
  }

  async #heading(text: string): Promise<void> {
    const { io, paint } = this.#context
    if (io.out.isTerminal && this.#act > 0) await sleep(PAUSE_MS)
    this.#act++
    this.#say('', paint.bold(paint.cyan(`── ${this.#act} ── ${text}`)), '')
  }

  /** Lines of the story. In JSON mode nothing is told: the outcome is the answer. */
  #say(...lines: string[]): void {
    if (!this.#context.json) for (const line of lines) this.#context.say(line)
  }
}
