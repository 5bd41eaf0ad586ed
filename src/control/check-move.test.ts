import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkMove, isThere } from './check-move.ts'
import { openWorld } from './index.ts'

const sources = new Map<string, string>()

test('a move is refused when the VM is gone or elsewhere, or a rule would now be violated', async () => {
  const policies = ['policies/nfv-poc/ha.dl', 'policies/nfv-poc/capacity.dl']
  const { program, tables } = await openWorld({ policies, data: 'fixtures/nfv-poc' }, sources)
  const checks = { program, tables: () => tables, tolerated: new Set<string>() }
  const [[vm, from] = [], ...others] = tables.get('nova:location')!.rows
  const hosts = [...new Set(others.map(row => row[1]))].filter(host => host !== from)
  const move = { vm, from, to: from } as never as Parameters<typeof checkMove>[0]
  expect(checkMove(move, checks)).toEqual({ kind: 'done' })
  expect(checkMove({ ...move, vm: 'nobody' } as never, checks)).toMatchObject({
    kind: 'refused',
    why: 'the VM `nobody` is gone',
  })
  expect(checkMove({ ...move, from: 'mars', to: hosts[0] } as never, checks)).toMatchObject({ kind: 'refused' })
  const groups = readFileSync('fixtures/nfv-poc/same_ha_group.csv', 'utf8').trim().split('\n').slice(1)
  // Two of one group on one host are what the policy forbids.
  const [one, two] = groups[0]!.split(',') as [string, string]
  const at = (name: string) => tables.get('nova:location')!.rows.find(row => row[0] === name)?.[1]
  const verdict = checkMove({ vm: one, from: at(one), to: at(two) } as never, checks)
  expect(verdict.kind).toBe('refused')
  if (verdict.kind !== 'refused') return
  const text = verdict.why.replace('the move would now violate ', '')
  const tolerant = checkMove({ vm: one, from: at(one), to: at(two) } as never, {
    ...checks,
    tolerated: new Set([text]),
  })
  expect(tolerant.kind === 'go' || (tolerant.kind === 'refused' && tolerant.why !== verdict.why)).toBe(true)
  expect(isThere(one, at(one), tables)).toBe(true)
  expect(isThere(one, 'mars', tables)).toBe(false)
})
