/** Tables of the API, as the SQL builder sees them; see `schema.ts` for the types. */
export interface ApiSchema {
  tokens: TokensTable
  answers: AnswersTable
}

/** Tokens that were ever made; a name is never used twice, so that the audit log stays unambiguous. */
export interface TokensTable {
  id: string
  name: string
  /** SHA-256 of the secret, hexadecimal. The secret itself is nowhere. */
  hash: string
  /** JSON list. */
  scopes: string
  created_at: number
  expires_at: number
  revoked_at: number | null
}

/** Answers to requests with an idempotency key. */
export interface AnswersTable {
  caller: string
  key: string
  /** SHA-256 of method, path and body: the same key with another request is a mistake. */
  request: string
  /** Null while the request is being carried out. */
  status: number | null
  /** JSON object: those that matter to the caller. */
  headers: string | null
  body: string | null
  created_at: number
}
