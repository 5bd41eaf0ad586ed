import type { CodeDoc } from './index.ts'

/** Codes of the checker and its lints. */
export const checkCodes = {
  'language/arity': {
    title: 'Wrong number of columns',
    why: 'A table has one number of columns, and a use with another number can match nothing.',
    mend: 'Give each column an argument, with `_` for one that does not matter.',
  },
  'language/builtin-arity': {
    title: 'Wrong number of arguments for a builtin',
    why: 'A builtin takes its inputs and outputs by position, all of them.',
    mend: 'Write the builtin with the arguments that the help shows.',
  },
  'language/builtin-head': {
    title: 'A rule for a builtin',
    why: 'The bare name of a builtin always means the builtin, so a table of that name could never be read.',
    mend: 'Give the table another name.',
  },
  'language/column-twice': {
    title: 'A column given twice',
    why: 'A column has one value, given by position or by name.',
    mend: 'Leave out one of the two, or add a comparison.',
  },
  'language/empty-policy': {
    title: 'A policy without rules',
    why: 'A policy without rules governs nothing, which is most likely the wrong file.',
    mend: 'Write at least one rule, or leave the file out.',
  },
  'language/execute-service': {
    title: 'An action without a service',
    why: 'An action is carried out by a service, and its name alone does not say which.',
    mend: 'Write the service before the action, as in `execute[nova:pause(vm)]`.',
  },
  'language/expression-argument': {
    title: 'An expression as an argument',
    why: 'Arguments are constants and variables, so that each literal only looks rows up.',
    mend: 'Compute the value in a comparison such as `z = x + 1` and use `z`.',
  },
  'language/foreign-head': {
    title: "A rule for another module's table",
    why: 'A policy defines its own tables only, so that each table has one author.',
    mend: 'Write the head without the module, or describe an action with `insert[…]`, `delete[…]` or `execute[…]`.',
  },
  'language/function-arity': {
    title: 'Wrong number of arguments for a function',
    why: 'A function of arithmetic takes a fixed number of arguments.',
    mend: 'Write the function with the arguments that the help shows.',
  },
  'language/head-value': {
    title: 'A column of a head without a value',
    why: 'A head makes whole rows, so each of its columns needs a value.',
    mend: 'Write a constant, or a variable that the body binds.',
  },
  'language/never-fires': {
    title: 'A rule that can never fire',
    why: 'Its literals contradict each other, or it reads a table that stays empty, so it does nothing.',
    mend: 'Correct the comparison or the rules it reads, or leave it out.',
  },
  'language/no-tuple': {
    title: 'Not a tuple',
    why: 'A single tuple was asked for: a table and a constant for each of its columns.',
    mend: 'Write it like `error("s1", "vm1")`.',
  },
  'language/policy-name-taken': {
    title: 'Two policies of one name',
    why: 'Tables are told apart by the name of their policy.',
    mend: 'Rename one file, or open it with `policy NAME`.',
  },
  'language/predict-columns': {
    title: 'A prediction without a value',
    why: 'The last column of a predicted table is the value and the others are its key.',
    mend: 'Give the head at least the value.',
  },
  'language/predict-derived': {
    title: 'A prediction of a derived table',
    why: 'A derived table follows from its rules under every placement, and needs no prediction.',
    mend: 'Predict the measured table that its rules read.',
  },
  'language/repeated-literal': {
    title: 'A literal that repeats',
    why: 'The same literal twice changes nothing, and is often a copy that was meant to be edited.',
    mend: 'Leave it out, or change what was meant to differ.',
  },
  'language/role-arity': {
    title: 'Wrong number of columns for a role',
    why: 'The engine reads this table by position, and takes only the shapes that the help shows.',
    mend: 'Write the head with the columns that the help shows.',
  },
  'language/role-number': {
    title: 'A column of a role that must be a number',
    why: 'Priorities, weights, costs and limits are added and compared as numbers.',
    mend: 'Write a number there.',
  },
  'language/self-join': {
    title: 'A join that can match one row with itself',
    why: 'A rule about two things of one table also fires for a single thing, paired with itself.',
    mend: 'Add a comparison such as `VM1 != VM2`.',
  },
  'language/shadowed-table': {
    title: 'A table that policy and data both have',
    why: 'Inside the policy the name means its own table, so that the data cannot be read under it.',
    mend: "Give the policy's table a name of its own.",
  },
  'language/single-use': {
    title: 'A variable used once',
    why: 'It joins nothing, and a misspelt name looks just like it.',
    mend: 'Write `_`, or begin the name with `_`.',
  },
  'language/system-table': {
    title: "The engine's own table has another shape",
    why: 'The engine reads and changes `nova:location(vm, host)` by position.',
    mend: 'Give it the columns that the help shows.',
  },
  'language/unknown-builtin': {
    title: 'Unknown builtin',
    why: 'The prefix `builtin:` names a builtin, and there is none of this name.',
    mend: 'Correct the name, or leave the prefix out if a table is meant.',
  },
  'language/unknown-column': {
    title: 'Unknown column',
    why: 'The table has no column of this name.',
    mend: 'Use one of the columns that the help lists.',
  },
  'language/unknown-columns': {
    title: 'Columns that are not known',
    why: 'Columns can be named only where a schema tells them.',
    mend: 'Give the arguments by position, or load the data source that has the table.',
  },
  'language/unknown-function': {
    title: 'Unknown function',
    why: 'Arithmetic has a fixed list of functions.',
    mend: 'Use one of the functions that the help lists.',
  },
  'language/unknown-policy': {
    title: 'Unknown policy',
    why: 'A query is read inside a policy, and there is none of this name.',
    mend: 'Name one of the policies that the help lists.',
  },
  'language/unknown-table': {
    title: 'A table that nobody defines',
    why: 'It is read as empty, so that a rule which needs it never fires.',
    mend: 'Correct the name, write a rule for it, or load the data source that has it.',
  },
  'language/unsafe-variable': {
    title: 'A variable without a value',
    why: 'Each variable in the head, under `not` or in a comparison must get its values from a positive literal.',
    mend: 'Use the variable in a positive literal of the body, or compute it from bound ones.',
  },
  'language/unstratified': {
    title: 'Negation or aggregation in a circle',
    why: 'A table under `not` or inside an aggregate must be complete before it is read, which it never is if it depends on its reader.',
    mend: 'Break the circle, for example with a table that holds only what both rules need.',
  },
  'language/wildcard-value': {
    title: 'A wildcard where a value is needed',
    why: 'The wildcard `_` stands for any value, and has none to compute or compare with.',
    mend: 'Write a variable that the body binds.',
  },
} satisfies Record<string, CodeDoc>
