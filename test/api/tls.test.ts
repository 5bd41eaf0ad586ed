import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DiagnosticError } from '../../src/diagnostic/index.ts'
import { folderOf } from '../cli/usher.ts'
import { startServer } from './server.ts'

const codeOf = (settings: Parameters<typeof startServer>[0]) =>
  startServer(settings).then(
    server => server.close().then(() => 'started'),
    error => (error as DiagnosticError).diagnostics?.[0]?.code ?? error,
  )

test('files that are not there, or no keys, are mistakes of the configuration', async () => {
  const folder = folderOf({ 'key.pem': 'no key', 'cert.pem': 'no certificate' })
  const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(folder, name)) as [string, string]
  expect(await codeOf({ tls: { key: join(folder, 'none.pem'), cert } })).toBe('api/unreadable-file')
  expect(await codeOf({ tls: { key, cert } })).toBe('api/bad-tls')
  const keystone = { url: 'https://keystone.example.org/v3', roles: {}, caFile: join(folder, 'none.pem') }
  expect(await codeOf({ keystone })).toBe('api/unreadable-file')
})

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
}

test.skipIf(!hasOpenssl())('over TLS, browsers are told to come back with TLS only', async () => {
  const folder = folderOf({})
  writeFileSync(join(folder, 'empty.cnf'), '[req]\ndistinguished_name = d\n[d]\n')
  const make = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -days 1'.split(' ')
  const paths = ['-config', join(folder, 'empty.cnf'), '-keyout', join(folder, 'k.pem'), '-out', join(folder, 'c.pem')]
  execFileSync('openssl', ['req', ...make, ...paths], { stdio: 'ignore' })
  const server = await startServer({ tls: { key: join(folder, 'k.pem'), cert: join(folder, 'c.pem') } })
  try {
    await server.api.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.api.server.address() as AddressInfo
    const { status, secure } = await new Promise<{ status: number; secure: unknown }>((done, fail) => {
      const headers = { 'x-auth-token': server.tokens.viewer }
      request({ port, host: '127.0.0.1', path: '/v2/me', rejectUnauthorized: false, headers }, answer => {
        answer.resume()
        answer.on('end', () =>
          done({ status: answer.statusCode!, secure: answer.headers['strict-transport-security'] }),
        )
      })
        .on('error', fail)
        .end()
    })
    expect([status, secure]).toEqual([200, expect.stringContaining('max-age')])
  } finally {
    await server.close()
  }
})

test('behind a proxy, addresses are believed from the proxies that are named, and from nobody else', async () => {
  const log = async (trustProxy: string[]) => {
    const server = await startServer({ trustProxy })
    try {
      const headers = { 'x-forwarded-for': '203.0.113.9', 'x-auth-token': server.tokens.viewer }
      await server.api.inject({ url: '/v2/me', headers, remoteAddress: '10.0.0.1' })
      return JSON.parse(server.log.find(line => line.includes('"/v2/me"'))!).address
    } finally {
      await server.close()
    }
  }
  expect(await log(['10.0.0.0/8'])).toBe('203.0.113.9')
  expect(await log(['192.168.0.0/16'])).toBe('10.0.0.1')
})
