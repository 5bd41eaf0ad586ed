import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('lets the process end with a worker kept, from any working directory', async () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'))
  const script = fileURLToPath(new URL('./testing/solve-and-end.ts', import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', tsx.href, script], {
    cwd: tmpdir(),
    timeout: 50_000,
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([0, 1, 2])
})
