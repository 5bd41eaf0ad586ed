import type { CodeDoc } from './index.ts'

export const planCodes = {
  'plan/bad-limit': {
    title: 'limit on parallel migrations is not a whole number from 1',
    why: 'With fewer than one migration at a time nothing could ever move.',
    mend: 'Give a whole number from 1, or leave it out: one for each host and four in all.',
  },
} satisfies Record<string, CodeDoc>
