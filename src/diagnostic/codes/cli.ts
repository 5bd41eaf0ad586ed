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
  'cli/nothing-to-place': {
    title: 'nothing to place',
    why: 'The table of where VMs are has no rows, so no plan can be made.',
    mend: 'Give a cloud with at least one VM.',
  },
  'cli/alternatives-unreadable': {
    title: 'file of placements can not be read',
    why: 'The path given as `--compare` leads nowhere, or to a file that this user may not read.',
    mend: 'Check the path.',
  },
  'cli/bad-alternatives': {
    title: 'file of placements is not understood',
    why: 'It is not YAML, has another form, or names a VM or a host that the cloud does not have.',
    mend: 'Write a list of `{ name: …, moves: [{ vm: …, to: … }] }` with names of the cloud.',
  },
  'cli/state-unusable': {
    title: 'state folder can not be used',
    why: 'The folder given as `--state` can not be made or written.',
    mend: 'Give another folder, or mend the permissions or the disk of this one.',
  },
  'cli/state-in-use': {
    title: 'state folder in use',
    why: 'Two processes on one simulated cloud would not see what the other does.',
    mend: 'Wait until the other process is done, or give another folder as `--state`.',
  },
  'cli/bad-line': {
    title: 'line of a session is not understood',
    why: 'A line that begins with `:` is a command, and this one is none, or lacks what it is about.',
    mend: 'Type `:help` for the commands.',
  },
  'cli/other-cloud': {
    title: 'state of another cloud',
    why: 'The folder given as `--state` holds a cloud that was started from other data than `--data` and `--change` give now.',
    mend: 'Give the same data again to go on, or another folder to start anew.',
  },
  'cli/read-without-config': {
    title: 'there is nothing to read',
    why: 'Tables are read from the data sources of a configuration.',
    mend: 'Add --config FILE.',
  },
  'cli/no-tables': {
    title: 'there are no tables to look at',
    why: 'A plan is made for a cloud: a folder of tables, or the data sources of a real one.',
    mend: 'Give a folder as `--data`, or a configuration as `--cloud`.',
  },
  'cli/names-and-count': {
    title: 'new VMs are both named and counted',
    why: '`--vm` gives the ids of the new VMs, `--count` and `--name` have ids made for them.',
    mend: 'Give `--vm` alone, or leave it out.',
  },
  'cli/cloud-and-data': {
    title: 'two clouds are given',
    why: 'A folder of tables and a real cloud can not be planned for at once.',
    mend: 'Give either `--data` or `--cloud`.',
  },
  'cli/cloud-without-state': {
    title: 'nothing remembers what is asked of the cloud',
    why: 'Without it, a run that is killed could not go on, and would not know what it had asked for.',
    mend: 'Add `--state FOLDER`.',
  },
  'cli/no-cloud': {
    title: 'it is not clear which cloud migrates VMs',
    why: 'A plan is carried out on one cloud, by the data source that can be asked for migrations.',
    mend: 'Give a configuration with exactly one such data source.',
  },
} satisfies Record<string, CodeDoc>
