// What W1 and W3 cost when written by hand for the one query, from the same files: the floor under every general engine.
//   node floor.mjs w1|w3 FOLDER   prints the number of rows found
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

const host = new Int32Array(2 ** 21).fill(-1)
read('nova/location.csv', false, (vm, at) => {
  host[vm] = at
})
let found = 0
if (workload === 'w1') {
  read('same_ha_group.csv', false, (a, b) => {
    if (host[a] >= 0 && host[a] === host[b]) found++
  })
} else {
  const load = new Float64Array(2 ** 21)
  read('vm_cpu.csv', true, (vm, cpu) => {
    load[host[vm]] += cpu
  })
  read('host_capacity.csv', true, (name, capacity) => {
    if (load[name] > capacity) found++
  })
}
console.log(found)
