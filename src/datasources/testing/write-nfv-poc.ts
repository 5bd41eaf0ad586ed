import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nfvPocFiles } from './nfv-poc.ts'

/** Write the generated files of fixtures/nfv-poc. */
const folder = fileURLToPath(new URL('../../../fixtures/nfv-poc', import.meta.url))
for (const [path, text] of nfvPocFiles()) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
