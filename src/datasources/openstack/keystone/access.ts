import type { Secret } from '../../http/index.ts'

/** A project, user or domain by id, or by name within a domain. */
export type Named = { readonly id: string } | { readonly name: string; readonly domain?: Domain }

export type Domain = { readonly id: string } | { readonly name: string }

/** What a token is good for. */
export type Scope =
  | { readonly project: Named }
  | { readonly domain: Domain }
  | { readonly system: true }
  | { readonly unscoped: true }

/** Who logs in, and how. */
export type Login =
  | { readonly kind: 'password'; readonly user: Named; readonly password: Secret; readonly scope: Scope }
  | {
      readonly kind: 'application credential'
      readonly id?: string
      /** With a name in place of an id: whose it is. */
      readonly name?: string
      readonly user?: Named
      readonly secret: Secret
    }
  | { readonly kind: 'token'; readonly token: Secret; readonly scope: Scope }

export type Interface = 'public' | 'internal' | 'admin'

/** A cloud, and how to get in. */
export interface CloudAccess {
  /** Keystone's address, with or without `/v3`. */
  readonly authUrl: string
  readonly login: Login
  /** Undefined: the catalogue has one region only, or any will do. */
  readonly region?: string
  readonly interface: Interface
  /** Addresses that go before the catalogue's, by service type. */
  readonly endpoints: Readonly<Record<string, string>>
  /** The highest microversion to use, by service type, where a lower one than ours is wanted. */
  readonly microversions: Readonly<Record<string, string>>
}
