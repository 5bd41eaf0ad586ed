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
