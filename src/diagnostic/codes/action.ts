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
  'source/queue-unreachable': {
    title: 'the message queue can not be reached',
    why: 'Notifications only make changes known sooner: without them they are found at the next poll.',
    mend: 'Check the address, and that RabbitMQ runs. Usher tries again by itself.',
  },
  'source/queue-refused': {
    title: 'the message queue refuses the login',
    why: 'Without it no notification arrives; changes are found at the next poll.',
    mend: 'Check user, password and virtual host; the user needs the right to configure, write and read.',
  },
  'source/no-exchange': {
    title: 'the message queue has no exchange of that name',
    why: 'Usher never makes the exchange: with other settings than Nova wants, Nova could not use it.',
    mend: 'Switch notifications on in Nova, or correct exchange. It appears with the first notification.',
  },
} as const satisfies Readonly<Record<string, CodeDoc>>
