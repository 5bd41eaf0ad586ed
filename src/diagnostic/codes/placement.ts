import type { CodeDoc } from './index.ts'

export const placementCodes = {
  'placement/two-hosts': {
    title: 'A VM is on two hosts',
    why: 'Each VM is on exactly one host; with two rows in `nova:location` there is no present placement to start from.',
    mend: 'Remove the row that is wrong, or wait until the migration that shows both ends has ended.',
  },
  'placement/unknown-host': {
    title: 'A candidate host does not exist',
    why: 'A `candidate` rule sends a VM to a host that the cloud does not list, so the plan could not be carried out.',
    mend: 'Correct the name, or derive candidates from `nova:services`.',
  },
  'placement/bad-cost': {
    title: 'A migration cost is not a number of 0 or more',
    why: 'Total migration cost is minimised; a negative cost would reward moving for its own sake.',
    mend: 'Give `migration_cost` a number of 0 or more in its last column.',
  },
  'placement/bad-budget': {
    title: 'A migration budget is not a number of 0 or more',
    why: 'The budget bounds the sum of migration costs, which is never negative.',
    mend: 'Give `migration_budget` a number of 0 or more.',
  },
  'placement/too-large': {
    title: 'Too many possible pairs of VM and host',
    why: 'The model has a column for each class of VMs and each host they may be on, and this many do not fit.',
    mend: 'Narrow them down with `candidate(vm, host)` rules, for example to the hosts of one zone.',
  },
} satisfies Record<string, CodeDoc>
