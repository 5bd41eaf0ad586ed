import type { CodeDoc } from './index.ts'

export const solverCodes = {
  'solver/unknown': {
    title: 'no such solver',
    why: 'A solver was asked for by a name that none has.',
    mend: 'Use one of the names that the message lists, or leave the choice to the default.',
  },
  'solver/option': {
    title: 'bad solver option',
    why: 'A time limit, gap or seed is not a number that makes sense.',
    mend: 'Give a positive time limit in seconds, a gap from 0 on, and a whole seed.',
  },
  'solver/unbounded': {
    title: 'objective without a lower bound',
    why: 'The objective can be made as small as one likes, so that no placement is the best.',
    mend: 'Bound the quantity that the cost adds up, or turn its sign.',
  },
  'solver/no-answer': {
    title: 'no solver could answer',
    why: 'Every solver declined the model or failed on it; the notes say why, one by one.',
    mend: 'Make the model smaller, or install another solver.',
  },
} satisfies Record<string, CodeDoc>
