import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { isGone, nameWorker } from './worker-name.ts'

test('a runner is gone when it stopped, or when its process ended', () => {
  const worker = nameWorker()
  expect(isGone(worker.name)).toBe(false)
  worker.retire()
  expect(isGone(worker.name)).toBe(true)
  const { pid } = spawnSync(process.execPath, ['--version'])
  expect(isGone(`${hostname()}/${pid}/x`)).toBe(true)
})

test('when in doubt it is not', () => {
  expect(isGone(`${hostname()}/${process.ppid}/x`)).toBe(false)
  expect(isGone(`another-machine/${process.pid}/x`)).toBe(false)
  expect(isGone('?')).toBe(false)
})
