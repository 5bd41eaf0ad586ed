import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { configSchema } from '../../src/control/service/config.ts'
import { configurationPage } from './configuration-page.ts'

const page = fileURLToPath(new URL('../../docs/reference/configuration.md', import.meta.url))

test('the page on the configuration is what the schema says', async () => {
  await expect(configurationPage()).toMatchFileSnapshot(page)
})

test('its example is a configuration', () => {
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(configurationPage())!
  expect(configSchema.safeParse(parse(example!)).error).toBeUndefined()
})
