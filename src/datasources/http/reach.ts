import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fail } from '../../diagnostic/index.ts'
import { HttpClient } from './client.ts'

/** How a web service is reached, as settings say it. */
export interface ReachSettings {
  readonly caFile?: string | undefined
  readonly insecure?: boolean | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
  /** MiB. */
  readonly largestAnswer?: number | undefined
  readonly connections?: number | undefined
}

/** A client for a web service. `base`: the folder that paths are relative to. Throws a `DiagnosticError` when the certificates can't be read. */
export function reach(settings: ReachSettings, base: string): HttpClient {
  const { caFile, insecure, timeout, largestAnswer, connections } = settings
  return new HttpClient({
    ...(caFile === undefined ? {} : { ca: certificates(resolve(base, caFile)) }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
    ...(largestAnswer === undefined ? {} : { largest: largestAnswer * 2 ** 20 }),
    ...(connections === undefined ? {} : { connections }),
  })
}

/** The text of a file of certificates. Throws a `DiagnosticError` when it can't be read or holds none. */
export function certificates(path: string): string {
  const help = 'give a file of certificates in PEM'
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return fail('source/bad-ca-file', `the certificates \`${path}\` can't be read`, { help })
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    fail('source/bad-ca-file', `\`${path}\` holds no certificate`, { help })
  return text
}
