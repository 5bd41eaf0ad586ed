import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tablesPage } from './tables-page.ts'

test('the page of tables is up to date', async () => {
  const page = join(import.meta.dirname, '..', '..', 'docs/reference/tables.md')
  await expect(await tablesPage()).toMatchFileSnapshot(page)
})
