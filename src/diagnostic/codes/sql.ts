import type { CodeDoc } from './index.ts'

export const sqlCodes = {
  'sql/builtin': {
    title: 'a builtin has no exact SQL form',
    why: 'PostgreSQL has no function that gives the same answer for every input, or the builtin needs a column of a known type.',
    mend: 'Compute the value where the tables are made, or declare the type of the column in schema.yaml.',
  },
  'sql/function': {
    title: 'a function has no exact SQL form',
    why: 'PostgreSQL may round the last digit of `log`, `exp` and `pow` otherwise than Usher does, so that a comparison could turn out otherwise.',
    mend: 'Compute the value where the tables are made, or watch this rule with Usher.',
  },
  'sql/recursion': {
    title: 'a rule reads its own table more than once',
    why: 'A recursive query of PostgreSQL may read its own result only once.',
    mend: 'Write the rule so that it reads its own table once: `path(a, c) :- path(a, b), edge(b, c)`.',
  },
  'sql/text': {
    title: 'a text has no form in PostgreSQL',
    why: 'PostgreSQL stores neither the character U+0000 nor half of a surrogate pair.',
    mend: 'Leave the character out of the text.',
  },
  'sql/incomplete': {
    title: 'a rule reads a table whose view lacks rows',
    why: 'Some rule of that table has no SQL form; a negation or an aggregate over what is left would be wrong.',
    mend: 'See the refusal that the note names.',
  },
} satisfies Record<string, CodeDoc>
