import type { CodeDoc } from './index.ts'

export const cliCodes = {
  'cli/policy-unreadable': {
    title: 'policy file can not be read',
    why: 'The path leads nowhere, to a folder, or to a file that this user may not read.',
    mend: 'Name the policy files themselves, for example with `policies/*.dl`.',
  },
  'cli/change-without-data': {
    title: 'change without data',
    why: 'A change file adds and removes rows of tables, and no tables were given.',
    mend: 'Add `--data FOLDER`.',
  },
  'cli/disk-full': {
    title: 'disk full',
    why: 'There was no room to write; what was recorded before is intact.',
    mend: 'Make room and run the command again.',
  },
  'cli/no-access': {
    title: 'no permission',
    why: 'The operating system refused to open or write a file or folder.',
    mend: 'Check its permissions, or choose another.',
  },
  'cli/output-failed': {
    title: 'answer can not be written',
    why: 'Standard output leads to something that does not take the answer.',
    mend: 'Send the answer somewhere else.',
  },
} satisfies Record<string, CodeDoc>
