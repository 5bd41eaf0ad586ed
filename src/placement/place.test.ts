import { describe, expect, test } from 'vitest'
import { judgePlacement, place } from './place.ts'
import { type SmallTables, smallWorld, threeHosts } from './testing/small-cloud.ts'

const moves = async (text: string, tables: SmallTables = threeHosts) => {
  const target = await place(smallWorld(text, tables))
  return { target, moved: target.moves.map(m => `${m.vm}:${m.from}>${m.to}`) }
}

const capacity = 'error(h) :- host(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k\n'

describe('candidates', () => {
  test("by default every enabled and up host takes VMs, of the VM's zone where zones are known", async () => {
    expect((await moves(capacity)).moved).toHaveLength(1)
    const services = threeHosts['nova:services']!
    const down: SmallTables = {
      ...threeHosts,
      'nova:services': [
        services[0],
        ['h1', 'nova-compute', 'enabled', 'up'],
        ['h2', 'nova-compute', 'disabled', 'up'],
        ['h3', 'nova-compute', 'enabled', 'down'],
      ],
    }
    const { target } = await moves(capacity, down)
    expect(target).toMatchObject({ status: 'unchanged', moves: [], proof: 'optimal' })
    expect(target.unsatisfied[0]!.instance).toBe('error("h1")')
    const zoned: SmallTables = {
      ...threeHosts,
      'nova:services': [
        [...services[0], 'zone'],
        ['h1', 'nova-compute', 'enabled', 'up', 'a'],
        ['h2', 'nova-compute', 'enabled', 'up', 'b'],
        ['h3', 'nova-compute', 'enabled', 'up', 'a'],
      ],
      'nova:servers': [
        ['id', 'zone'],
        ['v1', 'a'],
        ['v2', 'a'],
        ['v3', 'b'],
      ],
    }
    expect((await moves(capacity, zoned)).target.moves).toMatchObject([{ to: 'h3' }])
  })

  test('several policies allow what each of them allows', async () => {
    const { target } = await moves(`${capacity}candidate(v, h) :- nova:location(v, _), host(h, _), h != "h2"`)
    expect(target.moves).toMatchObject([{ to: 'h3' }])
  })

  test('a host that does not exist is bad input', async () => {
    await expect(moves(`${capacity}candidate(v, "h33") :- nova:location(v, _)`)).rejects.toMatchObject({
      diagnostics: [{ code: 'placement/unknown-host', help: 'did you mean `h3`?' }],
    })
  })
})

describe('what stays violated', () => {
  test('an instance that holds now says what it was given up for; one that is violated either way does not', async () => {
    const tables: SmallTables = {
      'nova:location': [
        ['vm', 'host'],
        ['a', 'h1'],
        ['b', 'h1'],
        ['e', 'h1'],
        ['c', 'h2'],
        ['d', 'h3'],
      ],
      host: [['name'], ['h1'], ['h2']],
    }
    const policy = `
      candidate(v, h) :- nova:location(v, _), host(h), v != "d"
      candidate("d", "h3")
      error("banned", v) :- nova:location(v, "h1")
      error("crowded", "h2") :- n = count : { nova:location(v, "h2") }, n > 1
      error("lost", "d") :- n = count : { nova:location("d", h), nova:location(v, h) }, n > 0
    `
    const { target } = await moves(policy, tables)
    expect(target.unsatisfied).toMatchObject([
      { instance: 'error("crowded", "h2")', brokenFor: 'errors: 4 → 2' },
      { instance: 'error("lost", "d")' },
    ])
    expect(target.unsatisfied[1]).not.toHaveProperty('brokenFor')
  })

  test('a limit that is passed by less is the violation that was there', async () => {
    const tables: SmallTables = {
      'nova:location': [
        ['vm', 'host'],
        ['a', 'h1'],
        ['b', 'h1'],
        ['c', 'h1'],
      ],
      host: [['name'], ['h1'], ['h2']],
      pinned: [['vm'], ['a'], ['b']],
    }
    const { target } = await moves(
      `candidate(v, h) :- nova:location(v, _), host(h), not pinned(v)
       candidate(v, "h1") :- pinned(v)
       guests(h, n) :- host(h), n = count : { nova:location(v, h) }
       error(h, n) :- guests(h, n), n > 1
       cost(1, n, h) :- guests(h, n), h = "h1"`,
      tables,
    )
    expect(target.unsatisfied[0]).toMatchObject({ instance: 'error("h1", 2)' })
    expect(target.unsatisfied[0]).not.toHaveProperty('brokenFor')
  })
})

describe('costs and budget', () => {
  test('memory in GiB is the default cost of a move; the cheapest VM goes', async () => {
    const memory: SmallTables = {
      ...threeHosts,
      'nova:servers': [
        ['id', 'flavor_id'],
        ['v1', 'big'],
        ['v2', 'small'],
        ['v3', 'small'],
      ],
      'nova:flavors': [
        ['id', 'ram'],
        ['big', 8192],
        ['small', 2048],
      ],
    }
    const { target } = await moves(capacity, memory)
    expect(target.moves).toMatchObject([{ vm: 'v2', cost: 2 }])
  })

  test('a budget too small names the one that helps', async () => {
    const { target } = await moves(`${capacity}migration_cost(v, c) :- cpu(v, c)\nmigration_budget(1)`)
    expect(target).toMatchObject({ status: 'unchanged', smallestBudget: 2 })
    expect(target.unsatisfied).toMatchObject([
      { conflict: [{ rule: 'migration_budget p.dl:3', instance: 'at most 1' }] },
    ])
  })

  test.each([
    ['migration_cost("v1", -1)', 'placement/bad-cost'],
    ['migration_cost(v, h) :- nova:location(v, h)', 'placement/bad-cost'],
    ['migration_budget(-3)', 'placement/bad-budget'],
  ])('%s is bad input', async (rule, code) => {
    await expect(moves(`${capacity}${rule}`)).rejects.toMatchObject({ diagnostics: [{ code }] })
  })

  test('a cost without a key column that tells hosts apart is refused, and the plan says so', async () => {
    const { target } = await moves('cost(1, u) :- host(h, _), u = sum c : { nova:location(v, h), cpu(v, c) }')
    expect(target.refused).toMatchObject([{ rule: 'p.dl:1', reason: expect.stringContaining('add a key column') }])
  })
})

test('a weight that may equal that of another rule for the same key is refused, and the plan says so', async () => {
  const text = `cost(1, 1, h) :- nova:location(_, h)
cost(1, u, h) :- host(h, _), u = sum c : { nova:location(v, h), cpu(v, c) }, u > 0`
  const { target } = await moves(text)
  expect(target.refused).toMatchObject([{ rule: 'p.dl:2', reason: expect.stringContaining('another rule') }])
})

describe('prediction', () => {
  const predict = 'predict[util(h, u)] :- host(h, k), u = 100 * sum c : { nova:location(v, h), cpu(v, c) } / k\n'
  const measured: SmallTables = {
    ...threeHosts,
    util: [
      ['host', 'value'],
      ['h1', 130],
      ['h2', 40],
    ],
  }

  test('elsewhere a measured value shifts by what the model predicts, and what it does not explain stays', async () => {
    // h1 has 125 % by the model and 130 % measured: 5 points stay with the host. v2 (50 points) on h2 gives 40 + 50.
    const judged = judgePlacement(
      smallWorld(`${predict}error(h, u) :- util(h, u), u > 60`, measured),
      new Map([['v2', 'h2']]),
    )
    expect(judged.violations.map(v => v.text)).toEqual(['error("h1", 80)', 'error("h2", 90)'])
  })

  test('without a measured row the prediction stands alone', () => {
    const judged = judgePlacement(
      smallWorld(`${predict}error(h, u) :- util(h, u), u > 60`, measured),
      new Map([['v1', 'h3']]),
    )
    expect(judged.violations.map(v => v.text)).toEqual(['error("h3", 75)'])
  })

  test('under the present placement the measured row stands', async () => {
    const { target } = await moves(`${predict}error(h, u) :- util(h, u), u > 129`, measured)
    expect(target.violationsBefore.map(v => v.text)).toEqual(['error("h1", 130)'])
    expect(target.violationsAfter).toEqual([])
  })
})

test('placement:moved lets a policy price moves itself', async () => {
  const wish = 'cost(1, 10, h) :- nova:location(_, h)\n'
  expect((await moves(`${wish}cost(1, 6, v) :- placement:moved(v, _, _)`)).moved).toEqual(['v3:h2>h1'])
  expect((await moves(`${wish}cost(1, 11, v) :- placement:moved(v, _, _)`)).moved).toEqual([])
})

test('an error that is only monitored keeps the engine from worse', async () => {
  const text = `${capacity}near(a, b) :- nova:location(a, h), nova:location(b, h), a != b
near(a, c) :- near(a, b), near(b, c)
error(a) :- near(a, "v3")
error(v) :- nova:location(v, "h3")`
  const { target } = await moves(text)
  expect(target.refused).toMatchObject([{ rule: 'p.dl:4' }])
  expect(target.violationsAfter.length).toBeLessThanOrEqual(target.violationsBefore.length)
})

test('an empty cloud and a policy with nothing to decide end at once', async () => {
  const empty: SmallTables = { ...threeHosts, 'nova:location': [['vm', 'host']] }
  expect((await moves(capacity, empty)).target).toMatchObject({ status: 'empty', moves: [] })
  expect((await moves('error(h) :- host(h, c), c > 3')).target).toMatchObject({
    status: 'unchanged',
    proof: 'optimal',
    solver: 'none',
    unsatisfied: [{ note: expect.stringContaining('does not go to the solver') }, {}, {}],
  })
})

test('a VM on two hosts is bad input', async () => {
  const twice: SmallTables = {
    ...threeHosts,
    'nova:location': [
      ['vm', 'host'],
      ['v1', 'h1'],
      ['v1', 'h2'],
    ],
  }
  await expect(moves(capacity, twice)).rejects.toMatchObject({ diagnostics: [{ code: 'placement/two-hosts' }] })
})
