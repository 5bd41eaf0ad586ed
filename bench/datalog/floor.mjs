// What the workloads cost when written by hand for the one query, from the same files: the floor under every general engine.
//   node floor.mjs w1|w2|w3 FOLDER   prints the number of rows found; w4: both numbers after the moves, and microseconds for a move
// Names are opaque texts: one hash table of byte strings, no string is made. Assumes what the generator promises: plain ASCII, no
// quotes, each VM on one host.
import { readFileSync } from 'node:fs'

const [workload, folder] = process.argv.slice(2)
const COMMA = 44
const NEWLINE = 10

/** Names to numbers 0, 1, 2 … */
class Names {
  slots = new Int32Array(2 ** 22)
  starts = new Int32Array(2 ** 21)
  bytes = Buffer.allocUnsafeSlow(2 ** 24)
  count = 0

  number(from, start, end, hash) {
    const { slots, starts, bytes } = this
    const wrap = slots.length - 1
    let place = hash & wrap
    for (;;) {
      const known = slots[place] - 1
      if (known < 0) break
      let at = starts[known]
      if (starts[known + 1] - at === end - start) {
        let k = start
        while (k < end && bytes[at] === from[k]) {
          at++
          k++
        }
        if (k === end) return known
      }
      place = (place + 1) & wrap
    }
    let at = starts[this.count]
    for (let k = start; k < end; k++) bytes[at++] = from[k]
    starts[this.count + 1] = at
    slots[place] = this.count + 1
    return this.count++
  }
}

const names = new Names()

/** The fields of a file after its header, two a row, given to `each`: the number of the first, and the second as name or number. */
function read(file, secondIsNumber, each) {
  const bytes = readFileSync(`${folder}/${file}`)
  let at = bytes.indexOf(NEWLINE) + 1
  while (at < bytes.length) {
    let start = at
    let hash = 0
    while (bytes[at] !== COMMA) hash = (Math.imul(hash, 0x9e3779b1) + bytes[at++]) | 0
    const first = names.number(bytes, start, at, hash)
    start = ++at
    hash = 0
    let second = 0
    if (secondIsNumber) while (bytes[at] !== NEWLINE) second = second * 10 + bytes[at++] - 48
    else {
      while (bytes[at] !== NEWLINE) hash = (Math.imul(hash, 0x9e3779b1) + bytes[at++]) | 0
      second = names.number(bytes, start, at, hash)
    }
    at++
    each(first, second)
  }
}

/** The numbers of a file after its header, `columns` a row. */
function readNumbers(file, columns) {
  const lines = readFileSync(`${folder}/${file}`, 'latin1').trimEnd().split('\n')
  const numbers = new Int32Array((lines.length - 1) * columns)
  lines.slice(1).forEach((line, i) => numbers.set(line.split(',').map(Number), i * columns))
  return numbers
}

/** Neighbours of each of `n` nodes, one after the other: those of `i` stand from `first[i]` to `first[i + 1]`. */
function adjacency(n, pairs, both) {
  const first = new Int32Array(n + 1)
  for (let i = 0; i < pairs.length; i += 2) {
    first[pairs[i] + 1]++
    if (both) first[pairs[i + 1] + 1]++
  }
  for (let i = 0; i < n; i++) first[i + 1] += first[i]
  const fill = first.slice()
  const ends = new Int32Array(first[n])
  for (let i = 0; i < pairs.length; i += 2) {
    ends[fill[pairs[i]]++] = pairs[i + 1]
    if (both) ends[fill[pairs[i + 1]]++] = pairs[i]
  }
  return { first, ends }
}

/** Pairs of a node and a target that no path leads between: a search from each node. */
function unreached() {
  const nodes = readNumbers('node.csv', 1)
  const targets = readNumbers('target.csv', 1)
  const n = nodes.length
  const { first, ends } = adjacency(n, readNumbers('edge.csv', 2), false)
  const queue = new Int32Array(n)
  const seen = new Int32Array(n).fill(-1)
  let found = 0
  for (const source of nodes) {
    let top = 0
    for (let node = source; ; node = queue[--top]) {
      for (let e = first[node]; e < first[node + 1]; e++) {
        const next = ends[e]
        if (seen[next] === source) continue
        seen[next] = source
        queue[top++] = next
      }
      if (top === 0) break
    }
    for (const target of targets) if (seen[target] !== source) found++
  }
  return found
}

const host = new Int32Array(2 ** 21).fill(-1)

function readHosts() {
  read('nova/location.csv', false, (vm, at) => {
    host[vm] = at
  })
}

function readLoads() {
  const load = new Float64Array(2 ** 21)
  const cpus = new Int32Array(2 ** 21)
  const capacity = new Float64Array(2 ** 21).fill(Number.POSITIVE_INFINITY)
  read('vm_cpu.csv', true, (vm, cpu) => {
    cpus[vm] = cpu
    load[host[vm]] += cpu
  })
  read('host_capacity.csv', true, (name, most) => {
    capacity[name] = most
  })
  return { load, cpus, capacity, over: load.reduce((n, l, h) => (l > capacity[h] ? n + 1 : n), 0) }
}

function readPairs(each) {
  read('same_ha_group.csv', false, each)
}

/** Both numbers after the moves, each move taken in alone; and microseconds for one. */
function follow() {
  readHosts()
  const pairs = []
  readPairs((a, b) => pairs.push(a, b))
  const { first, ends } = adjacency(names.count, pairs, true)
  const loads = readLoads()
  const { load, cpus, capacity } = loads
  let { over } = loads
  let together = 0
  for (let i = 0; i < pairs.length; i += 2) if (host[pairs[i]] === host[pairs[i + 1]]) together++
  const moves = []
  read('.moves.csv', false, (vm, to) => moves.push(vm, to))
  const started = performance.now()
  for (let i = 0; i < moves.length; i += 2) {
    const [vm, to] = [moves[i], moves[i + 1]]
    const from = host[vm]
    for (let e = first[vm]; e < first[vm + 1]; e++) {
      if (host[ends[e]] === from) together--
      if (host[ends[e]] === to) together++
    }
    if (from === to) continue
    host[vm] = to
    for (const [at, change] of [
      [from, -cpus[vm]],
      [to, cpus[vm]],
    ]) {
      if (load[at] > capacity[at]) over--
      load[at] += change
      if (load[at] > capacity[at]) over++
    }
  }
  return `${together} ${over} ${((performance.now() - started) * 1000) / (moves.length / 2)}`
}

function answer() {
  if (workload === 'w2') return unreached()
  if (workload === 'w4') return follow()
  readHosts()
  if (workload === 'w3') return readLoads().over
  let found = 0
  readPairs((a, b) => {
    if (host[a] >= 0 && host[a] === host[b]) found++
  })
  return found
}

console.log(answer())
