import { expect, test } from 'vitest'
import { ConflictGraph } from './cliques.ts'

test('pairs become maximal cliques, on the hosts that all of them share', () => {
  const graph = new ConflictGraph()
  // 1, 2, 3 and 4 all conflict, 5 with 1 alone; 4 only on host 0.
  for (const host of [1, 0])
    for (const [i, [a, b]] of [
      [1, 2],
      [3, 1],
      [2, 3],
      [5, 1],
    ].entries())
      graph.add(a!, b!, host, 10 + i)
  for (const vm of [1, 2, 3]) graph.add(vm, 4, 0, 20 + vm)
  expect(graph.cliques()).toEqual([
    { vms: [1, 2, 3], hosts: [0, 1], violations: [10, 11, 12] },
    { vms: [1, 2, 3, 4], hosts: [0], violations: [10, 11, 12, 21, 22, 23] },
  ])
})

test('pairs that are in no triangle stay what they are', () => {
  const graph = new ConflictGraph()
  for (const [a, b] of [
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 1],
  ])
    graph.add(a!, b!, 0, 0)
  expect(graph.cliques()).toEqual([])
})
