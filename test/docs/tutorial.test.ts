import { expect, test } from 'vitest'
import { runPage } from './run-page.ts'

test('the tutorial does what it says', async () => {
  expect(await runPage('docs/tutorial.md')).toBe(8)
})
