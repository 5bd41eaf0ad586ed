import { z } from 'zod'
import { ROLES } from './security/roles.ts'

const roleNames = z.array(z.string().min(1)).optional()

/**
 * The `api:` part of the service's configuration. Secrets have no place in it: keys of TLS are files, tokens are made by `usher token
 * create`, and a Keystone token vouches for itself.
 */
export const apiSettingsSchema = z.strictObject({
  host: z.string().default('127.0.0.1').describe('address to listen at; `0.0.0.0` for all'),
  port: z.number().int().min(0).max(65_535).default(1789).describe('port to listen at; Congress has 1789 too'),
  tls: z
    .strictObject({ key: z.string(), cert: z.string() })
    .optional()
    .describe('files with the private key and the certificates, PEM; absent: plain HTTP, for behind a proxy'),
  trustProxy: z
    .union([z.boolean(), z.array(z.string())])
    .default(false)
    .describe('addresses or networks of proxies whose `X-Forwarded-…` headers are believed'),
  authentication: z
    .union([z.literal('tokens'), z.strictObject({ everyoneIs: z.enum(ROLES) })])
    .default('tokens')
    .describe('`tokens`, or `{ everyoneIs: ROLE }` to let everyone in: only for trials on one’s own machine'),
  keystone: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).describe('for example `https://keystone.example.org:5000/v3`'),
      roles: z
        .strictObject({ viewer: roleNames, author: roleNames, operator: roleNames, admin: roleNames })
        .describe('names of Keystone roles that give ours'),
      projects: z.array(z.string()).optional().describe('ids of projects whose tokens are taken; absent: any'),
      cacheSeconds: z.number().min(0).max(3600).optional().describe('how long an answer is relied on; default 60'),
      timeoutSeconds: z.number().positive().max(60).optional().describe('default 5'),
      caFile: z.string().optional().describe('certificates to trust, PEM'),
    })
    .optional(),
  outgoingHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('hosts that webhooks may lead to, as `host` or `host:port`; `*.example.org` for all below'),
  limits: z
    .strictObject({
      bodyBytes: z.number().int().positive().default(1_048_576),
      pushBytes: z.number().int().positive().default(67_108_864).describe('of rows pushed to a table'),
      requestsPerMinute: z.number().int().positive().default(6000).describe('of one caller'),
      refusalsPerMinute: z.number().int().positive().default(60).describe('bad tokens from one address'),
      evaluations: z.number().int().positive().default(2).describe('previews, simulations, recommendations at once'),
      evaluationSeconds: z.number().positive().default(30).describe('the most that one of them may ask for'),
      streams: z.number().int().positive().default(2000).describe('streams of events at once'),
      lagMilliseconds: z.number().positive().default(1500).describe('lag of the process at which requests are refused'),
    })
    .prefault({}),
})

export type ApiSettings = z.output<typeof apiSettingsSchema>
export type Limits = ApiSettings['limits']
