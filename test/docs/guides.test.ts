import { expect, test } from 'vitest'
import { runPage } from './run-page.ts'

test.each([
  ['explain', 4],
  ['simulate', 6],
])('the guide %s does what it says', async (page, commands) => {
  expect(await runPage(`docs/guides/${page}.md`)).toBe(commands)
})
