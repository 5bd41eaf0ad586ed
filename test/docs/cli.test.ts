import { join } from 'node:path'
import { expect, test } from 'vitest'
import { top } from '../cli/usher.ts'
import { cliPage } from './cli-page.ts'

test('the page of the command line is up to date', async () => {
  await expect(await cliPage()).toMatchFileSnapshot(join(top, 'docs/reference/cli.md'))
})
