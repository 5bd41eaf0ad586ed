import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { fail } from '../../diagnostic/index.ts'
import type { Store } from '../../store/index.ts'
import type { ExecutionView, WorkflowDefinition } from '../../workflow/index.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../io.ts'
import { examples } from '../options.ts'

interface DatabaseOptions {
  readonly database: string
}

/** `usher workflow …`: look at definitions, run them, and steer what runs. */
export function addWorkflow(program: Command, context: Context): Command {
  const command = program
    .command('workflow')
    .summary('check, run and steer workflows')
    .description(
      'Check, run and steer workflows, written in YAML with the words of Mistral v2. What runs is kept in a database, and any number of ' +
        'processes may work on it: a killed one is taken over.',
    )
  const add = (name: string, summary: string, takes: string, database = true): Command => {
    const sub = command
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    sub.argument(takes)
    if (database)
      sub.addOption(
        new Option('--database <place>', 'a SQLite file, or the URL of a PostgreSQL')
          .env('USHER_DATABASE')
          .default('usher.db'),
      )
    sub.option('--json', 'answer with one JSON document').on('option:json', () => {
      context.json = true
    })
    return sub
  }
  add('validate', 'say what is wrong with a workflow', '<file>', false).action((file: string) =>
    validate(file, context),
  )
  add('graph', 'draw a workflow, as text or for Graphviz', '<file>', false)
    .option('--dot', 'in the language of Graphviz')
    .action((file: string, options: { dot?: boolean }) => graph(file, options.dot === true, context))
  add('run', 'run a workflow to its end, or an execution that was left', '<file-or-execution>')
    .option('--input <json>', 'the input, a JSON object', '{}')
    .option('--id <id>', 'the id of the execution; given twice, it is one execution')
    .action((what: string, options: DatabaseOptions & { input: string; id?: string }) => run(what, options, context))
  add('show', 'show an execution, its tasks and its history', '[execution]')
    .option('--history', 'with everything that happened')
    .action((id: string | undefined, options: DatabaseOptions & { history?: boolean }) => show(id, options, context))
  for (const [name, summary] of [
    ['pause', 'start nothing new of an execution until it is resumed'],
    ['resume', 'let a paused execution go on'],
    ['cancel', 'start nothing new of an execution, ever'],
    ['retry', 'let a failed or cancelled execution go on where it stopped'],
    ['rollback', 'undo a failed or cancelled execution, what ended last first'],
  ] as const)
    add(name, summary, '<execution>').action((id: string, options: DatabaseOptions) =>
      steer(name, id, options, context),
    )
  add('complete', 'give a try that waits its result', '<token>')
    .option('--result <json>', 'what it gives', 'null')
    .option('--error <text>', 'it failed, and why')
    .action((token: string, options: DatabaseOptions & { result: string; error?: string }) =>
      complete(token, options, context),
    )
  return examples(command, [
    ['usher workflow validate move.yaml', 'is it well written?'],
    [`usher workflow run move.yaml --input '{"vm": "vm-1"}'`, 'run it here'],
    ['usher workflow show', 'what is there?'],
  ])
}

async function validate(file: string, context: Context): Promise<void> {
  const definition = await read(file, context)
  const tasks = Object.keys(definition.tasks).length
  if (context.json) return context.answer({ name: definition.name, tasks })
  context.say(`${context.paint.green('fine')}: \`${definition.name}\` has ${tasks} task${tasks === 1 ? '' : 's'}`)
}

async function graph(file: string, dot: boolean, context: Context): Promise<void> {
  const { stepsOf } = await import('../../workflow/index.ts')
  const { name, tasks } = await read(file, context)
  const edges = Object.entries(tasks).flatMap(([from, task]) =>
    (['on-success', 'on-error', 'on-complete'] as const).flatMap(word =>
      [...stepsOf(task[word])].map(([to, guard]) => ({ from, to, word, ...(guard !== undefined && { guard }) })),
    ),
  )
  if (context.json) return context.answer({ name, tasks: Object.keys(tasks), edges })
  if (dot) {
    const text = (value: unknown) => JSON.stringify(String(value))
    context.say(`digraph ${text(name)} {`)
    for (const task of Object.keys(tasks)) context.say(`  ${text(task)}`)
    const styles = { 'on-success': 'solid', 'on-error': 'dashed', 'on-complete': 'bold' }
    for (const { from, to, word, guard } of edges)
      context.say(
        `  ${text(from)} -> ${text(to)} [style=${styles[word]}${guard === undefined ? '' : `, label=${text(guard)}`}]`,
      )
    return context.say('}')
  }
  for (const [task, { join, action, workflow }] of Object.entries(tasks)) {
    const does = workflow === undefined ? (action ?? 'nothing') : `workflow ${workflow}`
    context.say(`${context.paint.bold(task)}  ${does}${join === undefined ? '' : `  (joins ${join})`}`)
    for (const { to, word, guard } of edges.filter(edge => edge.from === task))
      context.say(`  ${word} → ${to}${guard === undefined ? '' : `  if ${guard}`}`)
  }
}

async function run(
  what: string,
  options: DatabaseOptions & { readonly input: string; readonly id?: string },
  context: Context,
): Promise<void> {
  await withStore(options, async store => {
    const { createEngine, createRunner, showExecution, standardActions } = await import('../../workflow/index.ts')
    const engine = createEngine(store)
    const isFile = /\.ya?ml$/.test(what)
    const id = isFile
      ? await engine.start(await read(what, context), json(options.input, '--input'), options.id)
      : (await showExecution(store, what)).id
    if (!context.json) context.remark(`execution ${id}`)
    const runner = createRunner(store, engine, standardActions())
    try {
      present(await runner.runUntilDone(id), context)
    } finally {
      await runner.stop()
    }
  })
}

async function show(
  id: string | undefined,
  options: DatabaseOptions & { readonly history?: boolean },
  context: Context,
): Promise<void> {
  await withStore(options, async store => {
    const { listExecutions, readHistory, showExecution } = await import('../../workflow/index.ts')
    if (id === undefined) {
      const executions = await listExecutions(store)
      if (context.json) return context.answer({ executions })
      const titles = [{ title: 'execution' }, { title: 'workflow' }, { title: 'state' }, { title: 'since' }]
      return context.table(
        titles,
        executions.map(e => [e.id, e.workflow, e.state, moment(e.createdAt)]),
      )
    }
    const view = await showExecution(store, id)
    const history = options.history ? await readHistory(store, id) : undefined
    if (context.json) return context.answer({ ...view, ...(history && { history }) })
    present(view, context, false)
    for (const { at, kind, task, attempt, data } of history ?? [])
      context.say(
        [moment(at), kind, task, attempt !== undefined && `try ${attempt}`, data !== undefined && JSON.stringify(data)]
          .filter(Boolean)
          .join('  '),
      )
  })
}

async function steer(
  how: 'pause' | 'resume' | 'cancel' | 'retry' | 'rollback',
  id: string,
  options: DatabaseOptions,
  context: Context,
): Promise<void> {
  await withStore(options, async store => {
    const { createEngine, showExecution } = await import('../../workflow/index.ts')
    await createEngine(store)[how](id)
    const { state, ending } = await showExecution(store, id)
    if (context.json) return context.answer({ id, state, ...(ending && { ending }) })
    context.say(ending ? `${id} will be ${ending} when what runs has ended` : `${id} is ${state}`)
    if (how === 'resume' || how === 'retry' || how === 'rollback')
      context.remark(`it goes on in any process that runs workflows: \`usher workflow run ${id}\``)
  })
}

async function complete(
  token: string,
  options: DatabaseOptions & { readonly result: string; readonly error?: string },
  context: Context,
): Promise<void> {
  await withStore(options, async store => {
    const { createEngine } = await import('../../workflow/index.ts')
    const data = json(options.result, '--result')
    const { error } = options
    const answer = await createEngine(store).completeByToken(
      token,
      error === undefined ? { outcome: 'success', data } : { outcome: 'error', error, data },
    )
    if (context.json) return context.answer({ answer })
    context.say(answer === 'recorded' ? 'recorded' : 'ignored: it was not, or no longer, waited for')
  })
}

function present(view: ExecutionView, context: Context, judge = true): void {
  if (judge && view.state !== 'succeeded') context.exit = exitCodes.findings
  if (judge && context.json) {
    context.answer(view)
    return
  }
  const { paint } = context
  const colour = view.state === 'succeeded' ? paint.green : view.state === 'failed' ? paint.red : paint.cyan
  context.say(`${view.workflow} ${colour(view.state)}${view.error === undefined ? '' : `: ${view.error}`}`)
  context.table(
    [{ title: 'task' }, { title: 'state' }, { title: 'tries' }, { title: 'what came of it' }],
    view.tasks.map(({ name, state, attempt, items, result, error }) => [
      items ? `${name} (${items.done} of ${items.total})` : name,
      state,
      String(attempt),
      short(state === 'failed' ? error : result === undefined ? error : JSON.stringify(result)),
    ]),
  )
  if (view.output !== undefined) context.say(JSON.stringify(view.output, null, 2))
}

function short(text = ''): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

function moment(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 19)
}

async function read(file: string, context: Context): Promise<WorkflowDefinition> {
  const { readWorkflow } = await import('../../workflow/index.ts')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return fail('workflow/file', `\`${file}\` can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, {
      help: 'give the path of a workflow in YAML',
    })
  }
  context.sources.set(file, text)
  return readWorkflow(text, file)
}

function json(text: string, option: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return fail('workflow/not-json', `the value of \`${option}\` is not JSON`, {
      help: `write it like \`${option} '{"vm": "vm-1"}'\``,
    })
  }
}

async function withStore({ database }: DatabaseOptions, work: (store: Store) => Promise<void>): Promise<void> {
  const { openStore, readSecretKey } = await import('../../store/index.ts')
  const secretKey = readSecretKey(process.env)
  const store = await openStore({ ...(/^\w+:\/\//.test(database) ? { url: database } : { file: database }), secretKey })
  try {
    await work(store)
  } finally {
    await store.close()
  }
}
