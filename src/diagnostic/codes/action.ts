import type { CodeDoc } from './index.ts'

export const actionCodes = {
  'action/unknown': {
    title: 'a cloud can not be asked to do that',
    why: 'Only actions that a data source lists can be carried out.',
    mend: 'Use the name of an action that the data source lists.',
  },
  'action/bad-input': {
    title: 'an action is asked for with a wrong input',
    why: 'Nothing is sent to a cloud that was not checked.',
    mend: 'Give the inputs that the action lists.',
  },
  'action/refused': {
    title: 'an action is refused before anything was changed',
    why: 'The cloud is not, or is no longer, as the action needs it; or the cloud itself said no.',
    mend: 'See the reason. A plan that meets it is made anew from what the cloud is now.',
  },
} as const satisfies Readonly<Record<string, CodeDoc>>
