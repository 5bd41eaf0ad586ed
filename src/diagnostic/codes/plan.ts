import type { CodeDoc } from './index.ts'

export const planCodes = {
  'plan/bad-bandwidth': {
    title: 'link whose bandwidth is not a positive number',
    why: 'Over a link without bandwidth no migration would ever end, and a plan could not be timed.',
    mend: 'Give the bandwidth in Mb/s, or leave the host out to have it taken for 10 Gb/s.',
  },
  'plan/bad-limit': {
    title: 'limit on parallel migrations is not a whole number from 1',
    why: 'With fewer than one migration at a time nothing could ever move.',
    mend: 'Give a whole number from 1, or leave it out: one for each host and four in all.',
  },
  'plan/bad-image': {
    title: 'image whose size is not a number above 0, or that the image service does not have',
    why: 'How long a copy takes, and whether it can be made at all, is told from the image.',
    mend: 'Give `glancev2:images` a row with the id and the size in bytes, or name another image.',
  },
  'plan/bad-power': {
    title: 'power of a host that is not a number from 0',
    why: 'The rows of a table marked `// @power` are added up, so each must end in what a host draws.',
    mend: 'Let the rule derive watts, from 0, in its last column.',
  },
  'plan/contradictory-link': {
    title: 'link that is told of twice, in different words',
    why: 'Migrations that share a link share its bandwidth, so it can have only one.',
    mend: 'Give every row of a link the same bandwidth and limit, and each link a name of its own.',
  },
  'plan/duplicate-row': {
    title: 'two rows for one thing in a table that plans are timed by',
    why: 'A host has one link and a VM one memory: of two rows, one would be ignored without a word.',
    mend: 'Leave one of the rows.',
  },
  'plan/mistral-name': {
    title: 'name that OpenStack Mistral would take for an expression',
    why: 'Mistral evaluates what stands between `<%` and `%>`, `{{` and `}}`, or `{%` and `%}` wherever it stands, so such a name could run code.',
    mend: 'Rename the VM, host or image, or let `usher apply` carry the plan out.',
  },
  'plan/unknown-host': {
    title: 'VM to be started on a host that the cloud does not have',
    why: 'A row of `nova:boots` names a host that is neither listed nor runs a VM, so no image can be brought there.',
    mend: 'Name a host of `nova:hypervisors` or `nova:services`.',
  },
  'plan/no-image-source': {
    title: 'image that no host has',
    why: 'A copy needs somebody to copy from.',
    mend: 'Name the host of the image service, or hosts that hold the image in their cache.',
  },
  'plan/bad-memory': {
    title: 'memory of a VM that is not a number from 0',
    why: 'How long a migration takes is told from memory and from how fast the VM writes to it, so neither can be below 0.',
    mend: 'Give sizes in MiB and rates in MiB/s, or leave the VM out to have its migration cost taken for GiB.',
  },
  'plan/bad-observation': {
    title: 'observed migration without a positive duration, bandwidth or memory',
    why: 'Parameters are fitted to relative errors of durations, which such a row has none of.',
    mend: 'Leave out migrations that failed or were not measured.',
  },
  'plan/page-unwritable': {
    title: 'page of a plan that can not be written',
    why: 'The file named with `--html` could not be made or overwritten.',
    mend: 'Name a file in a folder that exists and that you may write to.',
  },
} satisfies Record<string, CodeDoc>
