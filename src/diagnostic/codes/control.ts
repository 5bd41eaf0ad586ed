import type { CodeDoc } from './index.ts'

export const controlCodes = {
  'control/bad-config': {
    title: 'configuration is wrong',
    why: 'An entry of `usher.yaml` is missing, unknown, or of another form than it should be.',
    mend: 'Correct the entry at the place; docs/reference/configuration.md lists all there are.',
  },
  'control/schedule': {
    title: 'not a schedule',
    why: 'The text under `cron` can not be read as times.',
    mend: 'Write five fields: minute, hour, day, month, day of the week; a sixth in front is the second.',
  },
  'control/policy-folder': {
    title: 'folder of policies can not be read',
    why: 'Policies of the configuration are files of a folder.',
    mend: 'Correct the path under `policies`, or make the folder.',
  },
  'control/page': {
    title: 'no such page',
    why: 'Lists come in pages of at most 1000 items, and a cursor is only good for the list that gave it.',
    mend: 'Begin without a cursor, and give `next` back as it was.',
  },
  'control/policy-name': {
    title: 'name of a policy',
    why: 'Policies name each other’s tables as `policy:table`, so their names are written like other names; a text that has a `policy` line agrees with the name it is stored under.',
    mend: 'Use letters, digits and `_`, beginning with a letter.',
  },
  'control/policy-exists': {
    title: 'name is taken',
    why: 'No two policies have the same name.',
    mend: 'Change the one that is there, or choose another name.',
  },
  'control/unknown-policy': {
    title: 'no such policy',
    why: 'No policy has this name or id, or it was removed.',
    mend: 'List the policies.',
  },
  'control/policy-changed-meanwhile': {
    title: 'policy changed meanwhile',
    why: 'Somebody else changed the policy since the version that the change was made on; writing it would undo their change.',
    mend: 'Read the policy again, and make the change on what it is now.',
  },
  'control/unknown-version': {
    title: 'no such version',
    why: 'The policy never had a version with this number.',
    mend: 'List its versions.',
  },
  'control/one-rule': {
    title: 'not one rule',
    why: 'Rules are added one at a time.',
    mend: 'Add them one after the other, or change the whole text.',
  },
  'control/unknown-rule': {
    title: 'no such rule',
    why: 'A rule’s id is made of its text: it changes when the rule does.',
    mend: 'List the rules of the policy.',
  },
  'control/exception': {
    title: 'exception that covers nothing',
    why: 'An exception names a table of violations of an active policy, a value or null for each of its columns, a moment in the future and a reason.',
    mend: 'Correct what the message names.',
  },
  'control/unknown-exception': {
    title: 'no such exception',
    why: 'It was removed, or never made.',
    mend: 'List the exceptions.',
  },
  'control/unknown-source': {
    title: 'no such data source',
    why: 'Data sources are named in the configuration.',
    mend: 'List the data sources.',
  },
  'control/unknown-action': {
    title: 'no such action',
    why: 'Each data source says which actions it can carry out.',
    mend: 'Show the data source to see its actions.',
  },
  'control/action-input': {
    title: 'action lacks an input',
    why: 'The action can not be carried out without it.',
    mend: 'Give all inputs that the action requires.',
  },
  'control/not-pushed': {
    title: 'table is not pushed',
    why: 'Rows are pushed to tables of data sources whose driver is `push`; all others read theirs themselves.',
    mend: 'Push to a table that the configuration describes for this.',
  },
  'control/bad-rows': {
    title: 'pushed rows are wrong',
    why: 'Each row is a list with a value for each column. None of the rows was taken.',
    mend: 'Correct the rows that the message names.',
  },
  'control/unknown-plan': {
    title: 'no such plan',
    why: 'It is older than plans are kept, or never was.',
    mend: 'List the plans.',
  },
  'control/plan-decided': {
    title: 'plan waits for nobody',
    why: 'It was approved, rejected, has expired, or another one took its place.',
    mend: 'List the plans that wait.',
  },
  'control/plan-expired': {
    title: 'plan has expired',
    why: 'A plan is made for the cloud of its moment, and waits only so long.',
    mend: 'Start a cycle to have a new one, or raise `control.expiry`.',
  },
  'control/plan-outdated': {
    title: 'plan no longer holds',
    why: 'The cloud has changed since: a VM is elsewhere, or the plan would now bring a violation.',
    mend: 'Start a cycle to have a new one.',
  },
  'control/planning-failed': {
    title: 'planning was cut short',
    why: 'Plans are made in a thread of their own, and that one ended or did not come to an end.',
    mend: 'It is tried again. If it happens each time, give the process more memory, or part the cloud into domains.',
  },
  'control/unknown-domain': {
    title: 'no such placement domain',
    why: 'Domains are those of the configuration or of the table it names.',
    mend: 'Name one of them, or none for all.',
  },
  'control/nothing-to-place': {
    title: 'nothing to place',
    why: 'No data source has the table that says where VMs are.',
    mend: 'Configure a data source that has `nova:location`.',
  },
  'control/new-vms': {
    title: 'new VMs are described wrongly',
    why: 'Each has an id that no VM has yet, and rows that describe it in tables of data sources.',
    mend: 'Correct what the message names.',
  },
  'control/unknown-snapshot': {
    title: 'no such snapshot',
    why: 'It was removed, or is older than snapshots are kept.',
    mend: 'List the snapshots.',
  },
  'control/webhook': {
    title: 'webhook is described wrongly',
    why: 'It has an URL of HTTP, at least one kind of event, and a secret that is long enough to sign with.',
    mend: 'Correct what the message names.',
  },
  'control/unknown-webhook': {
    title: 'no such webhook',
    why: 'It was removed, or never made.',
    mend: 'List the webhooks.',
  },
} satisfies Record<string, CodeDoc>
