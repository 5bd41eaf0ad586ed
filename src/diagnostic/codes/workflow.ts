import type { CodeDoc } from './index.ts'

export const workflowCodes = {
  'workflow/yaml': {
    title: 'not YAML',
    why: 'The text breaks the rules of YAML, so nothing can be said about the workflow in it.',
    mend: 'Mend the place shown; indentation is by spaces, and a key stands once.',
  },
  'workflow/invalid': {
    title: 'wrong kind of value',
    why: 'A word of the workflow has a value it can not have, or one that must be there is missing.',
    mend: 'Write the value the message asks for.',
  },
  'workflow/unknown-word': {
    title: 'unknown word',
    why: 'The key is not one of the words of a workflow, and would be ignored silently.',
    mend: 'Correct the spelling, or remove the key.',
  },
  'workflow/unsupported': {
    title: 'word not supported yet',
    why: 'The key is a word of Mistral that this engine does not carry out, and leaving it out would change the meaning.',
    mend: 'Express it with further tasks and transitions.',
  },
  'workflow/task-name': {
    title: 'name that can not name a task',
    why: 'Names are parts of tokens, are shown as one word, and can not be commands.',
    mend: 'Use a name without blanks, slashes, brackets and a leading `~`, of at most 200 characters.',
  },
  'workflow/unknown-task': {
    title: 'transition to an unknown task',
    why: 'The transition could never be taken.',
    mend: 'Correct the name, add the task, or remove the transition.',
  },
  'workflow/no-tasks': {
    title: 'workflow without tasks',
    why: 'There would be nothing to run.',
    mend: 'Add at least one task with an action.',
  },
  'workflow/join-without-inbound': {
    title: 'join that nothing leads to',
    why: 'A join waits for inbound transitions, and this task has none, so it would never or at once run.',
    mend: 'Remove the join, or name the task in a transition of another one.',
  },
  'workflow/cycle': {
    title: 'transitions in a circle',
    why: 'A task runs once in an execution, so going round again would have no effect.',
    mend: 'Use retry to repeat a task, or start another execution.',
  },
  'workflow/no-secret-key': {
    title: 'no key to store secrets with',
    why: 'The workflow names secrets, which are never written to a database in plain text, and there is no key to seal them with.',
    mend: 'Set `USHER_SECRET_KEY` or `USHER_SECRET_KEY_FILE` to a key made with `openssl rand -base64 32`.',
  },
  'workflow/execution-id': {
    title: 'id that an execution can not have',
    why: 'The id is the first part of the tokens by which tries are known outside.',
    mend: 'Use an id without blanks and slashes, of at most 200 characters, or leave it out.',
  },
  'workflow/unknown-execution': {
    title: 'unknown execution',
    why: 'The database has no execution of that id.',
    mend: 'List the executions to see their ids.',
  },
  'workflow/no-such-task': {
    title: 'task that the execution does not have',
    why: 'A result was reported for a name that is not in the workflow.',
    mend: 'Correct the name, or report to the right execution.',
  },
  'workflow/not-json': {
    title: 'value that is not JSON',
    why: 'Inputs and results are stored as JSON, which has no circles and no other kinds of values.',
    mend: 'Give plain objects, lists, texts, numbers, true, false or null.',
  },
  'workflow/stopped': {
    title: 'runner stopped',
    why: 'The process was asked to end while an execution was going on.',
    mend: 'Start a runner on the same database: the execution goes on where it was.',
  },
  'workflow/join-too-many': {
    title: 'join that can never be complete',
    why: 'The task waits for more tasks than lead to it.',
    mend: 'Lower the number, or lead more tasks to it.',
  },
  'workflow/unknown-workflow': {
    title: 'call of an unknown workflow',
    why: 'Sub-workflows are stored with the workflow that calls them, and this one is not there.',
    mend: 'Correct the name, or add the workflow under `workflows`.',
  },
  'workflow/recursion': {
    title: 'sub-workflows in a circle',
    why: 'Each would start the next, without end.',
    mend: 'Take one of the calls out.',
  },
  'workflow/expression': {
    title: 'expression that can not be read',
    why: 'The text between `<%` and `%>` breaks the rules of the language of expressions.',
    mend: 'Mend the expression at the place shown.',
  },
  'workflow/input': {
    title: 'wrong input',
    why: 'The workflow names what it takes, and something is missing or too much.',
    mend: 'Give each named value, and no other.',
  },
  'workflow/file': {
    title: 'workflow that can not be read',
    why: 'The operating system gave nothing under that path.',
    mend: 'Correct the path or its permissions.',
  },
  'workflow/token': {
    title: 'token of no try',
    why: 'A result is given to a try by its token, which has three parts.',
    mend: 'Give the token back as the action got it.',
  },
  'workflow/nothing-to-retry': {
    title: 'nothing to try again',
    why: 'The execution goes on, has succeeded, or ended without a task that failed or was skipped.',
    mend: 'Show the execution to see how it ended; start another one if it must run again.',
  },
  'workflow/no-rollback': {
    title: 'execution that can not be rolled back',
    why: 'Only what failed or was cancelled is undone, and nothing is undone twice.',
    mend: 'Cancel the execution and wait until it has ended.',
  },
} satisfies Record<string, CodeDoc>
