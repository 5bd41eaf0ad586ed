import { createInterface, type Interface } from 'node:readline'
import type { Command } from 'commander'
import type { Session } from '../../control/index.ts'
import { complete } from '../completion.ts'
import type { Context } from '../context.ts'
import { absenceLines, derivationLines } from '../derivation.ts'
import { reportFault } from '../faults.ts'
import { historyFile, LINES_KEPT, readHistory, writeHistory } from '../history.ts'
import { exitCodes } from '../io.ts'
import { addDataOptions, type DataOptions, examples } from '../options.ts'
import { sayProfile } from '../profile-table.ts'
import { sayAnswer } from './eval.ts'

const HELP = `? error(s, a, b)      the rows that satisfy a query
p(x) :- q(x)          add a rule or a fact; it may go on over several lines
:load FILE…           read policy files (again)
:data FOLDER          read a folder of tables
:explain TUPLE        why a tuple holds
:absent TUPLE         why it does not
:tables               the tables there are
:rules                what was typed so far
:profile              what each rule has cost
:help                 this
:quit                 leave (so does the end of the input)`

const COMMANDS = [...HELP.matchAll(/^:\w+/gm)].map(match => match[0])

/** `usher repl`: a session with policies and data. */
export function addRepl(program: Command, context: Context): Command {
  const command = program
    .command('repl')
    .summary('ask and try rules in a session')
    .description(
      `Ask and try rules in a session. Reads standard input, which may be a pipe. Exit code 1: some line was refused.\n\n${HELP}`,
    )
    .argument('[policy...]', 'policy files to begin with')
    .action((policies: string[], options: DataOptions) => repl(policies, options, context))
  addDataOptions(command, false)
  return examples(command, [
    ['usher repl policies/nfv-poc/ha.dl --data fixtures/nfv-poc', 'begin with a policy and a cloud'],
    ["echo '? x = 1 + 2' | usher repl", 'ask from a script'],
  ])
}

async function repl(policies: readonly string[], options: DataOptions, context: Context): Promise<void> {
  const { Session } = await import('../../control/index.ts')
  const session = new Session(context.sources)
  if (options.data !== undefined) context.warn(await session.data(options.data, options.change))
  if (policies.length > 0) context.warn(await session.load(policies))
  const input = context.io.in
  if (!input) return
  const isTerminal = context.io.out.isTerminal && 'isTTY' in input && input.isTTY === true
  const file = historyFile(context.io.env)
  const lines = createInterface({
    input,
    terminal: isTerminal,
    ...(isTerminal && {
      output: process.stdout,
      history: readHistory(file),
      historySize: LINES_KEPT,
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, session.program, COMMANDS),
    }),
  })
  if (isTerminal) {
    context.say('type `:help` for help, `:quit` to leave')
    lines.on('history', (history: string[]) => writeHistory(file, history))
  }
  const refused = await new Loop(session, lines, isTerminal, context).run()
  context.exit = refused > 0 && !isTerminal ? exitCodes.findings : exitCodes.fine
}

class Loop {
  readonly #session: Session
  readonly #lines: Interface
  readonly #isTerminal: boolean
  readonly #context: Context
  /** Lines of a rule that is not finished. */
  #open = ''
  #refused = 0

  constructor(session: Session, lines: Interface, isTerminal: boolean, context: Context) {
    this.#session = session
    this.#lines = lines
    this.#isTerminal = isTerminal
    this.#context = context
  }

  /** Read to the end; how many lines were refused. */
  async run(): Promise<number> {
    this.#lines.on('SIGINT', () => {
      this.#open = ''
      this.#context.say()
      this.#prompt()
    })
    this.#prompt()
    for await (const line of this.#lines) {
      if (/^\s*:q(uit)?\s*$/.test(line)) break
      await this.#guarded(() => this.#line(line))
      this.#prompt()
    }
    if (this.#open !== '') await this.#guarded(() => this.#finish())
    this.#lines.close()
    return this.#refused
  }

  #prompt(): void {
    if (!this.#isTerminal) return
    this.#lines.setPrompt(this.#open === '' ? 'usher> ' : '  ...> ')
    this.#lines.prompt()
  }

  /** Whatever goes wrong with a line is told, and the session goes on. */
  async #guarded(work: () => Promise<void> | void): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#refused++
      this.#open = ''
      reportFault(error, this.#context)
    }
  }

  async #line(line: string): Promise<void> {
    const text = line.trim()
    if (this.#open !== '') {
      this.#open += `\n${line}`
      if (text === '' || !this.#session.isUnfinished(this.#open)) this.#finish()
    } else if (text.startsWith(':')) await this.#command(text)
    else if (text.startsWith('?')) await sayAnswer(this.#session.ask(text.slice(1)), this.#context)
    else if (text.endsWith('?')) await sayAnswer(this.#session.ask(text.slice(0, -1)), this.#context)
    else if (text !== '') {
      this.#open = line
      if (!this.#session.isUnfinished(line)) this.#finish()
    }
  }

  #finish(): void {
    const text = this.#open
    this.#open = ''
    this.#context.warn(this.#session.add(text))
  }

  async #command(line: string): Promise<void> {
    const [word = '', ...rest] = line.split(/\s+/)
    const argument = line.slice(word.length).trim()
    const { program, evaluator } = this.#session
    const context = this.#context
    switch (word) {
      case ':help':
        return context.say(HELP)
      case ':load':
        if (rest.length === 0) return this.#wrong('`:load` needs policy files', ':load policies/ha.dl')
        return context.warn(await this.#session.load(rest))
      case ':data':
        if (argument === '') return this.#wrong('`:data` needs a folder', ':data fixtures/nfv-poc')
        return context.warn(await this.#session.data(argument))
      case ':explain': {
        const tuple = this.#session.tuple(argument)
        const derivation = evaluator.explain(tuple)
        if (!derivation) return context.say('it does not hold; `:absent` tells why')
        for (const l of derivationLines(derivation, program, context.paint, { times: true })) context.say(l)
        return
      }
      case ':absent': {
        const tuple = this.#session.tuple(argument)
        if (evaluator.view.has(tuple.table, tuple.row)) return context.say('it holds; `:explain` tells why')
        for (const l of absenceLines(evaluator.explainAbsent(tuple), program, context.paint)) context.say(l)
        return
      }
      case ':tables': {
        const tables = [...program.tables.values()].map(t => [t.name, t.kind, String(evaluator.view.count(t.name))])
        return context.table([{ title: 'table' }, { title: 'kind' }, { title: 'rows', align: 'right' }], tables)
      }
      case ':rules':
        return context.io.out.write(this.#session.typed)
      case ':profile':
        return sayProfile(evaluator.profile, context)
      default:
        return this.#wrong(`\`${word}\` is no command`, `:help lists them: ${COMMANDS.join(', ')}`)
    }
  }

  #wrong(message: string, help: string): void {
    this.#refused++
    const context = this.#context
    context.remark(context.render([{ code: 'cli/bad-line', severity: 'error', message, help }], context.io.err))
  }
}
