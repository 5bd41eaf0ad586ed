import { join } from 'node:path'
import { expect, test } from 'vitest'
import { top } from '../cli/usher.ts'
import { apiPage } from './api-page.ts'

test('the page of the HTTP API is up to date', async () => {
  await expect(await apiPage()).toMatchFileSnapshot(join(top, 'docs/reference/api.md'))
})
