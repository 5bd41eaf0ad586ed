// Ends the control plane when the harness is gone, however it went: reads ids of process groups from standard input, a line each, and
// kills them all when it ends. A line with a folder names what to remove then; `keep` takes that back.
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const groups = new Set()
let folder
const lines = createInterface({ input: process.stdin })
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
lines.on('line', line => {
  if (/^\d+$/.test(line)) groups.add(Number(line))
  else if (line.startsWith('-')) groups.delete(Number(line.slice(1)))
  else folder = line === 'keep' ? undefined : line
})
lines.on('close', () => {
  for (const group of groups)
    try {
      process.kill(-group, 'SIGKILL')
    } catch {}
  if (folder !== undefined) setTimeout(() => rmSync(folder, { recursive: true, force: true }), 1500)
})
