/** The server loads when it is first made: whoever makes a token must not wait for it. */
export const createApi: typeof import('./create-api.ts')['createApi'] = async (...given) =>
  (await import('./create-api.ts')).createApi(...given)
