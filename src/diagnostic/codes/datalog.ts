import type { CodeDoc } from './index.ts'

export const datalogCodes = {
  'datalog/limit': {
    title: 'an evaluation reached its limit',
    why: 'A rule derived more tuples, took longer, or needed more memory than the limits of this evaluation allow.',
    mend: 'Join the rule on more columns, or raise the limit.',
  },
  'datalog/policy-stopped': {
    title: 'a policy was stopped',
    why: 'One of its rules reached a limit, and the other policies go on without it.',
    mend: 'Join the rule on more columns, or raise the limit.',
  },
  'datalog/lost-batches': {
    title: 'changes are missing between a snapshot and what followed it',
    why: 'Again and again the data source gave a full reading older than the oldest of its changes that are at hand.',
    mend: 'Look whether the source reads from a copy that lags behind.',
  },
  'datalog/unknown-table': {
    title: 'a change names a table that is not there',
    why: 'Rows were to be added to or taken from a table that neither the policies nor a data source have.',
    mend: "Use the table's full name, `module:table`, as its data source gives it.",
  },
  'datalog/wrong-arity': {
    title: 'a row has a wrong number of values',
    why: 'Each row of a table has one value for each of its columns.',
    mend: 'Give one value for each column, in the order of the columns.',
  },
  'datalog/bad-value': {
    title: 'a row holds something that is no value',
    why: 'Cells hold strings, finite numbers, booleans and null, nothing else.',
    mend: 'Leave the row out, or write null where there is no value.',
  },
  'datalog/unstratified': {
    title: 'rules depend on their own negation',
    why: 'A table that depends on its own absence, or on an aggregate of itself, has no single meaning.',
    mend: 'Break the cycle that the message names.',
  },
  'datalog/bad-step': {
    title: 'a step of a simulation is not understood',
    why: 'A step inserts (`p+(1)`) or deletes (`p-(1)`) a row or a rule, or is an action with a value for each argument.',
    mend: 'Write one of these forms.',
  },
  'datalog/long-sequence': {
    title: 'a simulation has too many steps',
    why: 'Each action and each change of rules is supposed inside those before it, which has an end.',
    mend: 'Simulate the first part, apply it to the data, and go on from there.',
  },
  'datalog/unknown-action': {
    title: 'an action that nothing describes',
    why: 'What an action does is told by `insert[…]` and `delete[…]` rules that read it, and no rule does.',
    mend: 'Describe the action, or insert and delete rows by `p+(…)` and `p-(…)`.',
  },
  'datalog/mixed-types': {
    title: 'values of different types were compared',
    why: 'A number is neither less nor greater than a string, so the comparison is false.',
    mend: 'Compare numbers with numbers and strings with strings.',
  },
  'datalog/not-a-number': {
    title: 'arithmetic met a value that is not a number',
    why: 'Arithmetic has no answer for text, booleans and null, so the literal fails.',
    mend: 'Check the column this value comes from.',
  },
  'datalog/integer-too-large': {
    title: 'an integer came past 2^53',
    why: 'Integers past 2^53 cannot be told from their neighbours, so the literal fails instead of rounding.',
    mend: 'Use a larger unit.',
  },
  'datalog/builtin-failed': {
    title: 'a builtin could not read its input',
    why: 'The input was no date, address or number of the form the builtin reads, so the literal fails.',
    mend: 'Check the column this value comes from.',
  },
  'datalog/mixed-aggregate': {
    title: 'an aggregate met a value it cannot take in',
    why: '`sum` and `mean` need numbers, `min` and `max` all numbers or all strings; otherwise the literal fails.',
    mend: 'Check the column this value comes from.',
  },
} satisfies Record<string, CodeDoc>
