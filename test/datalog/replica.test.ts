import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEvaluator, createReplica, type Evaluator, type ReplicaSource } from '../../src/datalog/index.ts'
import { createSimulator, manualClock, type Simulator } from '../../src/datasources/index.ts'
import { checkPolicies, parsePolicy } from '../../src/language/index.ts'
import type { Delta, Snapshot } from '../../src/tables/index.ts'

const runs = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) }

const policy = `policy p
error(h, a, b) :- nova:location(a, h), nova:location(b, h), a < b
over(h, s) :- host_cpu(h, c), s = sum x : { nova:location(v, h), vm_cpu(v, x) }, s > c
empty(h) :- host_cpu(h, _), not nova:location(_, h)
`

const hosts = ['h1', 'h2', 'h3']

async function cloud(): Promise<Simulator> {
  const clock = manualClock()
  const vms = ['a', 'b', 'c'].map((id, i) => ({ id, host: hosts[i]!, load: 1 }))
  return createSimulator({ cloud: { hosts: hosts.map(name => ({ name, cpu: 3 })), vms }, clock })
}

function evaluatorFor(snapshot: Snapshot): Evaluator {
  const schemas = [...snapshot.values()].map(t => t.schema)
  const { program, diagnostics } = checkPolicies([parsePolicy(policy, 'p.dl').policy], { schemas })
  expect(diagnostics.filter(d => d.severity === 'error')).toEqual([])
  return createEvaluator(program, { watch: ['p:error', 'p:over', 'p:empty'] })
}

const derived = ['p:error', 'p:over', 'p:empty']

function contents(e: Evaluator, tables: Iterable<string>) {
  return Object.fromEntries([...tables].map(t => [t, e.view.rows(t)]))
}

/** What a fresh evaluator makes of the cloud as it is. */
function truth(snapshot: Snapshot) {
  const e = evaluatorFor(snapshot)
  e.load(snapshot.values())
  return contents(e, [...snapshot.keys(), ...derived])
}

/** A change by numbers: few VMs, so that rows come and go again. */
const change = fc.record({ kind: fc.nat(3), vm: fc.nat(4), host: fc.nat(2), load: fc.nat(3) })
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** Each is at least one batch, and some turn back what others did. */
function carryOut(sim: Simulator, { kind, vm, host, load }: Change): void {
  const id = ['a', 'b', 'c', 'd', 'e'][vm]!
  const exists = sim
    .snapshot()
    .get('nova:location')!
    .rows.some(row => row[0] === id)
  if (kind === 3) sim.setHost(hosts[host]!, { enabled: load > 0 })
  else if (!exists) {
    sim.setHost(hosts[host]!, { enabled: true })
    sim.createVm({ id, host: hosts[host]!, load })
  } else if (kind === 0) sim.setLoad(id, load)
  else {
    sim.deleteVm(id)
    if (kind === 2) {
      sim.setHost(hosts[host]!, { enabled: true })
      sim.createVm({ id, host: hosts[host]!, load })
    }
  }
}

const changes = fc.array(change, { maxLength: 6 })
const pause = () => new Promise<void>(resolve => setImmediate(resolve))

describe('a replica', () => {
  it('is exact though the cloud changes while it is read, table by table', async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, changes, changes, async (before, during, between, after) => {
        const sim = await cloud()
        for (const c of before) carryOut(sim, c)
        const source: ReplicaSource = {
          subscribe: listener => sim.subscribe(batch => listener(batch)),
          // Half of the tables are those of one moment, half those of a later one.
          async read() {
            await pause()
            for (const c of during) carryOut(sim, c)
            const first = [...sim.snapshot()].filter((_, i) => i % 2 === 0)
            await pause()
            for (const c of between) carryOut(sim, c)
            const second = [...sim.snapshot()].filter((_, i) => i % 2 === 1)
            for (const c of after) carryOut(sim, c)
            await pause()
            return new Map([...first, ...second])
          },
        }
        const e = evaluatorFor(sim.snapshot())
        const replica = await createReplica(e, source)
        const now = () => contents(e, [...sim.snapshot().keys(), ...derived])
        expect(now()).toEqual(truth(sim.snapshot()))
        for (const c of [...before, ...after]) {
          carryOut(sim, c)
          expect(now()).toEqual(truth(sim.snapshot()))
        }
        // And again, over what it has.
        await replica.resync()
        expect(now()).toEqual(truth(sim.snapshot()))
        replica.close()
        const last = now()
        for (const c of during) carryOut(sim, c)
        expect(now()).toEqual(last)
      }),
      runs,
    )
  })

  it('is never in a state that was not, when late batches have positions; lost ones are read again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ change, lost: fc.boolean(), deliver: fc.nat(2) }), { minLength: 1, maxLength: 12 }),
        fc.nat(3),
        fc.boolean(),
        async (steps, age, loses) => {
          const sim = await cloud()
          const history: Snapshot[] = [sim.snapshot()]
          const underWay: (readonly [readonly Delta[], number])[] = []
          let deliverTo: ((batch: readonly Delta[], position: number) => void) | undefined
          let losing = false
          sim.subscribe(batch => {
            history.push(sim.snapshot())
            if (!losing) underWay.push([batch, history.length - 1])
          })
          const deliver = (n: number) => {
            for (const [batch, position] of underWay.splice(0, n)) deliverTo?.(batch, position)
          }
          const todo = [...steps]
          const step = () => {
            const next = todo.shift()
            if (!next) return
            losing = loses && next.lost
            carryOut(sim, next.change)
            losing = false
            deliver(next.deliver)
          }
          let readings = 0
          const source: ReplicaSource = {
            subscribe: listener => {
              deliverTo = listener
              return () => {
                deliverTo = undefined
              }
            },
            async read() {
              await pause()
              step()
              // The first readings may be old ones.
              const position = Math.max(0, history.length - 1 - (readings++ < 2 ? age : 0))
              await pause()
              step()
              step()
              return { tables: history[position]!, position }
            },
          }
          const e = evaluatorFor(sim.snapshot())
          const check = () => {
            const tables = ['nova:location', 'vm_cpu', ...derived]
            const right = truth(history[replica?.position ?? 0]!)
            for (const t of tables) if (replica) expect(e.view.rows(t), t).toEqual(right[t])
          }
          let replica: Awaited<ReturnType<typeof createReplica>> | undefined
          replica = await createReplica(e, source, { onChanges: check, onLoaded: check })
          check()
          while (todo.length > 0) {
            step()
            await pause()
          }
          // One more that arrives, so that a loss before it can be seen.
          sim.setLoad(sim.snapshot().get('nova:location')!.rows[0]?.[0] ?? make(sim), 9)
          for (let i = 0; i < 40; i++) {
            deliver(1)
            await pause()
          }
          expect(replica.state).toBe('live')
          expect(replica.position).toBe(history.length - 1)
          expect(contents(e, [...sim.snapshot().keys(), ...derived])).toEqual(truth(sim.snapshot()))
        },
      ),
      runs,
    )
  })

  it('leaves out a batch that is delivered twice', async () => {
    const sim = await cloud()
    let send: (batch: readonly Delta[], position?: number) => void = () => {}
    const e = evaluatorFor(sim.snapshot())
    const replica = await createReplica(e, {
      read: async () => ({ tables: sim.snapshot(), position: 7 }),
      subscribe: listener => {
        send = listener
        return () => {}
      },
    })
    const come = [{ table: 'nova:location', inserted: [['x', 'h1']], removed: [] }]
    const go = [{ table: 'nova:location', inserted: [], removed: [['x', 'h1']] }]
    send(come, 8)
    send(go, 9)
    send(come, 8)
    send(come, 7)
    expect(e.view.has('nova:location', ['x', 'h1'])).toBe(false)
    expect(replica.position).toBe(9)
  })

  it('stops at a batch that can not be applied, tells, and begins anew when asked', async () => {
    const sim = await cloud()
    let send: (batch: readonly Delta[]) => void = () => {}
    const errors: unknown[] = []
    const e = evaluatorFor(sim.snapshot())
    const source: ReplicaSource = {
      read: async () => sim.snapshot(),
      subscribe: listener => {
        send = listener
        return () => {
          send = () => {}
        }
      },
    }
    const replica = await createReplica(e, source, { onError: error => errors.push(error) })
    send([{ table: 'nowhere', inserted: [[1]], removed: [] }])
    expect([replica.state, errors.length]).toEqual(['stopped', 1])
    await replica.resync()
    expect(replica.state).toBe('live')
    send([{ table: 'nova:location', inserted: [['x', 'h1']], removed: [] }])
    expect(e.view.has('p:error', ['h1', 'a', 'x'])).toBe(true)
  })

  it('gives up when every snapshot is too old, and leaves nothing subscribed', async () => {
    const sim = await cloud()
    let listeners = 0
    const source: ReplicaSource = {
      read: async () => ({ tables: sim.snapshot(), position: 1 }),
      subscribe: listener => {
        listeners++
        listener([{ table: 'nova:location', inserted: [['x', 'h1']], removed: [] }], 5)
        return () => {
          listeners--
        }
      },
    }
    const e = evaluatorFor(sim.snapshot())
    await expect(createReplica(e, source)).rejects.toThrow(/older than its changes/)
    expect(listeners).toBe(0)
    await expect(
      createReplica(e, { ...source, read: () => Promise.reject(new Error('the cloud is away')) }),
    ).rejects.toThrow('the cloud is away')
    expect(listeners).toBe(0)
  })
})

function make(sim: Simulator): string {
  sim.setHost('h1', { enabled: true })
  sim.createVm({ id: 'z', host: 'h1', load: 1 })
  return 'z'
}
