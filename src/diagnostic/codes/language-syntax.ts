import type { CodeDoc } from './index.ts'

/** Codes of the lexer and the parser. */
export const syntaxCodes = {
  'language/unexpected-token': {
    title: 'something else was expected here',
    why: 'The text at the caret cannot continue what stands before it.',
    mend: 'Write what the message expects, or remove the text at the caret.',
  },
  'language/missing-bracket': {
    title: 'a bracket is not closed',
    why: 'Every `(`, `[` and `{` is closed inside its own rule.',
    mend: 'Close the bracket that the note points to.',
  },
  'language/missing-comma': {
    title: 'a comma is missing',
    why: 'Arguments and literals are separated by commas.',
    mend: 'Write `,` at the caret.',
  },
  'language/trailing-comma': {
    title: 'a comma with nothing behind it',
    why: 'A comma promises another argument, head or literal, so an unfinished rule would otherwise go unnoticed.',
    mend: 'Remove the comma or write what was forgotten.',
  },
  'language/wrong-arrow': {
    title: 'head and body are not separated by `:-`',
    why: 'A rule is written `head :- body`.',
    mend: 'Write `:-` between head and body.',
  },
  'language/foreign-operator': {
    title: "an operator or word of another language's",
    why: 'Each operator has one spelling, so that policies look alike everywhere.',
    mend: 'Write the operator that the help names.',
  },
  'language/unknown-character': {
    title: 'a character that the language does not have',
    why: 'Outside of quotes and comments only names, numbers, operators and brackets may stand.',
    mend: 'Remove the character, or put text into quotes.',
  },
  'language/bad-number': {
    title: 'a word that begins like a number',
    why: 'A number has digits, a point and an exponent only, and a name does not begin with a digit.',
    mend: 'Write the number without extra signs, or put the text into quotes.',
  },
  'language/number-too-large': {
    title: 'a number beyond 2^53',
    why: 'Beyond 2^53 neighbouring integers can no longer be told apart, and a rounded number would match the wrong rows.',
    mend: 'Put an identifier into quotes; scale an amount to a larger unit.',
  },
  'language/bad-escape': {
    title: 'an unknown escape in a text',
    why: 'Escapes in quotes are those of JSON.',
    mend: 'Write `\\\\` for a backslash.',
  },
  'language/unterminated-string': {
    title: 'a text in quotes that does not end',
    why: 'A text ends on the line on which it begins, so that a forgotten quote spoils one line only.',
    mend: 'Close the quote; write a line break as `\\n`.',
  },
  'language/unterminated-comment': {
    title: 'a comment that does not end',
    why: 'Everything behind `/*` is a comment until `*/`.',
    mend: 'End the comment with `*/`.',
  },
  'language/reserved-word': {
    title: 'a word that cannot be used as this name',
    why: '`true`, `false`, `null`, `not` and `_` have a meaning of their own, and `-` is minus.',
    mend: 'Choose another name, or leave the word out.',
  },
  'language/negated-head': {
    title: 'a negated head',
    why: 'A rule says what holds, never what does not hold.',
    mend: 'Remove `not`, or put the condition into a body.',
  },
  'language/comparison-head': {
    title: 'a comparison where a head should be',
    why: 'Only a table can be the head of a rule or a fact.',
    mend: 'Put the comparison into the body of a rule.',
  },
  'language/comparison-argument': {
    title: 'a comparison as an argument',
    why: 'An argument is one value: a variable, a constant or `_`.',
    mend: 'Write the comparison as a literal of its own in the body.',
  },
  'language/negated-comparison': {
    title: 'a negated comparison',
    why: 'A comparison is turned round by its opposite operator, which reads better than `not`.',
    mend: 'Use the opposite operator.',
  },
  'language/negated-group': {
    title: 'several literals under one `not`',
    why: 'Negation applies to one atom.',
    mend: 'Give the literals a table of their own and negate that.',
  },
  'language/double-negation': {
    title: 'a negation of a negation',
    why: 'Two negations cancel each other.',
    mend: 'Remove both.',
  },
  'language/chained-comparison': {
    title: 'a comparison of three things',
    why: 'A comparison has a left and a right side only.',
    mend: 'Write two comparisons.',
  },
  'language/unknown-modal': {
    title: 'an unknown word before `[`',
    why: 'Square brackets stand behind `insert`, `delete`, `execute` and `predict` only.',
    mend: 'Use one of the four, or parentheses for arguments.',
  },
  'language/modal-literal': {
    title: '`execute` or `predict` in a body',
    why: '`execute` and `predict` say what a rule is for, and so stand in its head; only `insert` and `delete` can be read.',
    mend: 'Read the table without the modal, or define a table of your own for both uses.',
  },
  'language/positional-after-named': {
    title: 'an argument without a name behind one with a name',
    why: 'Arguments without a name are counted from the first column, so they come first.',
    mend: 'Move the arguments with names to the end, or name them all.',
  },
  'language/table-as-value': {
    title: 'a table where a value should be',
    why: 'A name with `:` is a table of another module, and a table is not a value.',
    mend: 'Bind the value by a literal that reads the table, or put the text into quotes.',
  },
  'language/aggregate-form': {
    title: 'an aggregate written another way',
    why: 'An aggregate is `count : { body }` or `sum value : { body }`.',
    mend: 'Write it in that form.',
  },
  'language/misplaced-policy-name': {
    title: '`policy NAME` in the middle of a file',
    why: 'A file is one policy, so its name opens the file.',
    mend: 'Move the line to the top, or the rules behind it to a file of their own.',
  },
  'language/too-deep': {
    title: 'an expression that is too deep',
    why: 'Expressions are limited in depth, so that no text can exhaust the memory of the engine.',
    mend: 'Bind parts of the expression to variables.',
  },
  'language/too-many-errors': {
    title: 'more errors than are shown',
    why: 'A text with that many errors is probably no policy.',
    mend: 'Mend the errors above and check again.',
  },
} satisfies Record<string, CodeDoc>
