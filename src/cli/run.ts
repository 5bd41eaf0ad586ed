import { Command, CommanderError } from 'commander'
import { Context } from './context.ts'
import { reportFault } from './faults.ts'
import { type ExitCode, exitCodes, type Io, type OutputError, wantsColor } from './io.ts'
import { version } from './version.ts'

type AddCommand = (program: Command, context: Context) => Command

/** Each command of `usher`, in the order the help lists them: the order of the data's way. Only what is asked for is loaded. */
const commands: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['check', async () => (await import('./commands/check.ts')).addCheck],
  ['fmt', async () => (await import('./commands/fmt.ts')).addFmt],
  ['eval', async () => (await import('./commands/eval.ts')).addEval],
  ['violations', async () => (await import('./commands/violations.ts')).addViolations],
  ['explain', async () => (await import('./commands/explain.ts')).addExplain],
  ['simulate', async () => (await import('./commands/simulate.ts')).addSimulate],
  ['repl', async () => (await import('./commands/repl.ts')).addRepl],
  ['bench', async () => (await import('./commands/bench.ts')).addBench],
  ['carve', async () => (await import('./commands/carve.ts')).addCarve],
  ['sql', async () => (await import('./commands/sql.ts')).addSql],
  ['model', async () => (await import('./commands/model.ts')).addModel],
  ['plan', async () => (await import('./commands/plan.ts')).addPlan],
  ['place', async () => (await import('./commands/place.ts')).addPlace],
  ['apply', async () => (await import('./commands/apply.ts')).addApply],
  ['demo', async () => (await import('./commands/demo.ts')).addDemo],
  ['workflow', async () => (await import('./commands/workflow.ts')).addWorkflow],
  ['serve', async () => (await import('./commands/serve.ts')).addServe],
  ['doctor', async () => (await import('./commands/doctor.ts')).addDoctor],
  ['token', async () => (await import('./commands/token.ts')).addToken],
  ['tables', async () => (await import('./commands/tables.ts')).addTables],
  ['solvers', async () => (await import('./commands/solvers.ts')).addSolvers],
])

/** Run one command line (without `node usher`) to its end and return the exit code. Never throws. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const context = new Context(io)
  const program = usher(context)
  for (const add of await commandsFor(argv)) addCommand(add, program, context)
  if (argv.length === 0) {
    program.outputHelp()
    return exitCodes.badInput
  }
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return context.exit
  } catch (thrown) {
    // Help and version end this way too, with exit code 0; anything else of commander's is wrong usage, already reported.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.fine : exitCodes.badInput
    return reportFault(thrown, context)
  }
}

/** Report on standard error that standard output could not be written, and return the exit code. */
export function reportOutputFailure(error: OutputError, io: Io): ExitCode {
  return reportFault(error, new Context(io))
}

function usher(context: Context): Command {
  const { io } = context
  const program = new Command('usher')
    .description('Write VM placement policy in Datalog; see what violates it and why; let the VMs move to obey it.')
    .version(version(), '-V, --version')
    .option('--debug', 'show where an internal fault happened')
    .on('option:debug', () => {
      context.debug = true
    })
    .configureOutput({
      writeOut: text => io.out.write(text),
      writeErr: text => io.err.write(text),
      getOutHelpWidth: () => io.out.columns,
      getErrHelpWidth: () => io.err.columns,
      getOutHasColors: () => wantsColor(io.out, io.env),
      getErrHasColors: () => wantsColor(io.err, io.env),
    })
    .configureHelp({ styleTitle: text => context.paint.bold(text) })
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
    .enablePositionalOptions()
  return program.addHelpText('after', HELP)
}

/** The command that a command line names; all of them where it names none, for the help and for suggestions. */
async function commandsFor(argv: readonly string[]): Promise<readonly AddCommand[]> {
  const named = commands.get(argv.find(word => !word.startsWith('-')) ?? '')
  return named ? [await named()] : Promise.all([...commands.values()].map(load => load()))
}

function addCommand(add: AddCommand, program: Command, context: Context): void {
  const command = add(program, context)
  command.option('--json', 'answer with one JSON document').on('option:json', () => {
    context.json = true
  })
  command.option('--debug', 'show where an internal fault happened').on('option:debug', () => {
    context.debug = true
  })
}

const HELP = `
Exit codes:
  0  fine
  1  violations or findings: the answer is not what the policy wants
  2  wrong usage or bad input; nothing was changed
  3  an internal fault, which is a bug of Usher
  4  incomplete: a limit stopped a policy or the query; what the others give is shown

Examples:
  # is this policy well written?
  usher check policies/nfv-poc/ha.dl

  # what violates it, in a cloud kept in a folder of tables?
  usher violations policies/nfv-poc/ha.dl --data fixtures/nfv-poc

  # watch the whole story, from a deleted VM to migrated ones
  usher demo`
