import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestService } from '../../src/control/service/testing/index.ts'
import { CAPACITY, cloudOf, openCloud, until } from '../service/cloud.ts'
import { type Served, serve } from './server.ts'

/* A cloud whose first host is too full: its plan is made, shown, approved and carried out over HTTP. */

let running: TestService
let server: Served
beforeAll(async () => {
  running = await openCloud(await cloudOf(['a']))
  server = await serve(running.service, running.store)
})
afterAll(async () => {
  await server.close()
  await running.stop()
})

const draft = { name: 'capacity', text: CAPACITY, mode: 'advise' }

test('a plan waits for approval, is approved by an operator, and done', async () => {
  expect((await server.ask('author', 'POST', '/v2/policies', { payload: draft })).status).toBe(201)
  const list = async (state: string) => (await server.ask('viewer', 'GET', `/v2/plans?state=${state}`)).body.items
  const waiting = await until(async () => (await list('waiting'))[0], 'a plan waits')
  expect(waiting).toMatchObject({ mode: 'advise', moves: 1, errorsBefore: 1, errorsAfter: 0 })
  const plan = await server.ask('viewer', 'GET', `/v2/plans/${waiting.id}`)
  expect(plan.body.report.moves).toMatchObject([{ from: 'a1', to: 'a2' }])
  const same = await server.ask('viewer', 'GET', `/v2/plans/${waiting.id}/diff?to=${waiting.id}`)
  expect(same.body.items).toEqual([])

  expect((await server.ask('author', 'POST', `/v2/plans/${waiting.id}/approve`)).status).toBe(403)
  const approved = await server.ask('operator', 'POST', `/v2/plans/${waiting.id}/approve`, {
    headers: { 'idempotency-key': 'approve-once' },
  })
  expect(approved).toMatchObject({ status: 200, body: { decidedBy: 'token:operator' } })
  const again = await server.ask('operator', 'POST', `/v2/plans/${waiting.id}/approve`, {
    headers: { 'idempotency-key': 'approve-once' },
  })
  expect(again.body).toEqual(approved.body)
  expect(
    (await server.ask('operator', 'POST', `/v2/plans/${waiting.id}/reject`, { payload: { reason: 'late' } })).status,
  ).toBe(409)

  const done = await until(async () => (await list('done'))[0], 'the plan is done')
  const execution = await server.ask('viewer', 'GET', `/v2/executions/${done.execution}`)
  expect(execution.body).toMatchObject({ state: 'succeeded' })
  expect(
    (await server.ask('viewer', 'GET', `/v2/executions/${done.execution}/tasks`)).body.items.length,
  ).toBeGreaterThan(0)
  await until(async () => (await server.ask('viewer', 'GET', '/v2/violations')).body.items.length === 0, 'it helped')
  const past = await server.ask('viewer', 'GET', '/v2/violations?history=true')
  expect(past.body.items[0].until).toBeDefined()
  const { body: audit } = await server.ask('admin', 'GET', '/v2/audit')
  expect(audit.items.map((entry: { action: string }) => entry.action)).toContain('plan.approve')
})

test('a new VM is given a host that has room', async () => {
  const { body: servers } = await server.ask('viewer', 'GET', '/v2/tables/nova:location/rows')
  expect(servers.items).toHaveLength(3)
  const answer = await server.ask('viewer', 'POST', '/v2/placements/recommend', {
    payload: { vms: ['new'], rows: [{ table: 'vm_cpu', row: ['new', 2] }], seconds: 5 },
  })
  expect(answer.body.error).toBeUndefined()
  expect(answer.body.hosts).toMatchObject([{ vm: 'new' }])
})
