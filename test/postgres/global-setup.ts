import type { TestProject } from 'vitest/node'
import { openStore } from '../../src/store/index.ts'
import { startServer } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server's own database and of the one that others are copied from; or why there is no server. */
    postgres: { readonly admin: string; readonly template: string } | string
  }
}

/** Start PostgreSQL once for the run, with a database that has our tables: each test gets a copy of it. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const server = await startServer()
  if (typeof server === 'string') {
    console.warn(`tests on PostgreSQL are skipped: ${server}`)
    project.provide('postgres', server)
    return undefined
  }
  const template = 'usher_template'
  await server.administer(`create database ${template}`)
  const store = await openStore({ url: server.url(template) })
  await store.close()
  project.provide('postgres', { admin: server.url('postgres'), template })
  return () => server.remove()
}
