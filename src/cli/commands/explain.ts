import type { Command } from 'commander'
import { absenceJson, derivationJson } from '../../control/index.ts'
import type { Context } from '../context.ts'
import { absenceLines, derivationLines } from '../derivation.ts'
import { exitCodes } from '../io.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'
import { policiesAndData } from './open.ts'

interface ExplainOptions extends DataOptions {
  readonly absent?: boolean
}

/** `usher explain`: why a tuple holds, or why not. */
export function addExplain(program: Command, context: Context): Command {
  const command = program
    .command('explain')
    .summary('tell why a tuple holds, or why not')
    .description(
      'Tell why a tuple holds: the rules and rows it follows from. With --absent, why it does not: for each rule, how far it came.\n' +
        'Exit code 1: the tuple does not hold (with --absent: it does).',
    )
    .usage("POLICY… 'TUPLE' --data FOLDER [options]")
    .argument('<policy-or-tuple...>', 'policy files, then the tuple, for example \'error("server-a", "vm1", "vm2")\'')
    .option('--absent', 'tell why the tuple does not hold')
    .action((words: string[], options: ExplainOptions) => {
      if (words.length < 2)
        command.error('error: a policy file and a tuple are needed, for example: usher explain ha.dl \'error("s")\'')
      return explain(words.slice(0, -1), words.at(-1)!, options, context)
    })
  addDataOptions(command, false)
  return examples(command, [
    [
      `usher explain policies/nfv-poc/{balance,capacity}.dl 'error("server-a", "server-b")' --data fixtures/nfv-poc --change fixtures/nfv-poc/delete-large3.change.jsonl`,
      'why are server-a and server-b in violation?',
    ],
    [
      `usher explain policies/nfv-poc/{balance,capacity}.dl 'error("server-a", "server-b")' --absent --data fixtures/nfv-poc`,
      'why are they not, before the VM is deleted?',
    ],
  ])
}

async function explain(
  policies: readonly string[],
  text: string,
  options: ExplainOptions,
  context: Context,
): Promise<void> {
  const { world, evaluator, warnings } = await policiesAndData(policies, options, context)
  const { readTupleText } = await import('../../control/index.ts')
  const { renderTuple } = await import('../../language/index.ts')
  const { program } = world
  const tuple = readTupleText(text, program, evaluator.view, context.sources)
  const derivation = evaluator.explain(tuple)
  const absence = derivation || !options.absent ? undefined : evaluator.explainAbsent(tuple)
  if (Boolean(derivation) === Boolean(options.absent)) context.exit = exitCodes.findings
  if (context.json)
    return context.answer({
      tuple,
      holds: derivation !== undefined,
      ...(derivation && { derivation: derivationJson(derivation) }),
      ...(absence && { absence: absenceJson(absence) }),
      warnings: warnings(),
    })
  if (derivation)
    for (const line of derivationLines(derivation, program, context.paint, { times: true })) context.say(line)
  else if (absence) for (const line of absenceLines(absence, program, context.paint)) context.say(line)
  else {
    context.say(`${renderTuple(program, tuple.table, tuple.row)} does not hold`)
    context.remark('add --absent to see how far each rule came')
  }
}
