import type { CodeDoc } from './index.ts'

export const apiCodes = {
  'api/bad-request': {
    title: 'request is not understood',
    why: 'A parameter, a header or the body has another form than the route wants; `details` names each field.',
    mend: 'Correct the fields; the form of every request is described at `/docs`.',
  },
  'api/not-json': {
    title: 'body is not JSON',
    why: 'The body can not be read as JSON in UTF-8.',
    mend: 'Send JSON, with `Content-Type: application/json`.',
  },
  'api/media-type': {
    title: 'media type is not taken',
    why: 'The route takes JSON only.',
    mend: 'Send `Content-Type: application/json`.',
  },
  'api/too-large': {
    title: 'request is too large',
    why: 'The body is longer than this route takes, so that one request can not use up the memory of the service.',
    mend: 'Send less at once, or let an administrator raise the limit.',
  },
  'api/no-token': {
    title: 'no token',
    why: 'Only health and documentation are open to everyone.',
    mend: 'Send `Authorization: Bearer TOKEN`, or `X-Auth-Token: TOKEN`. `usher token create` makes one.',
  },
  'api/bad-token': {
    title: 'token is not valid',
    why: 'The token is unknown, was revoked, or has expired.',
    mend: 'Get a new one: `usher token create`, or from Keystone.',
  },
  'api/not-allowed': {
    title: 'role does not allow it',
    why: 'Each route asks for a role, and the token has none that suffices.',
    mend: 'Use a token with the role that the message names.',
  },
  'api/not-found': {
    title: 'nothing there',
    why: 'There is no such route, or nothing with the id or name that was given.',
    mend: 'List what there is, and take an id from there.',
  },
  'api/not-supported': {
    title: 'not supported',
    why: 'Congress has this request, and Usher leaves it to its configuration.',
    mend: 'See docs/guides/congress-api.md for what to do instead.',
  },
  'api/no-guard': {
    title: 'change without If-Match',
    why: 'A policy may have been changed by another author since it was read, whose change would be lost.',
    mend: 'Read the policy, and send its ETag as `If-Match`.',
  },
  'api/bad-guard': {
    title: 'If-Match is not understood',
    why: 'It is not an ETag in double quotes.',
    mend: 'Send the `ETag` of the answer as it came.',
  },
  'api/rule-exists': {
    title: 'rule is there already',
    why: 'The API of Congress takes a rule once.',
    mend: 'Nothing is to be done.',
  },
  'api/too-many-requests': {
    title: 'too many requests',
    why: 'Each caller may send so many requests in a minute, and so many may be refused for their token.',
    mend: 'Wait as long as `Retry-After` says.',
  },
  'api/too-many-evaluations': {
    title: 'too many evaluations at once',
    why: 'Previews, simulations and recommendations are costly, and only some may run at once.',
    mend: 'Wait as long as `Retry-After` says, and try again.',
  },
  'api/too-many-streams': {
    title: 'too many streams',
    why: 'Each stream of events holds a connection, and their number is limited.',
    mend: 'Close streams that nobody reads, or let an administrator raise the limit.',
  },
  'api/overloaded': {
    title: 'service is overloaded',
    why: 'The service lags behind, and new requests would only wait.',
    mend: 'Try again in some seconds.',
  },
  'api/stopping': {
    title: 'service is stopping',
    why: 'It was told to stop and finishes what it began.',
    mend: 'Try again in some seconds, or ask another replica.',
  },
  'api/key-reused': {
    title: 'idempotency key of another request',
    why: 'A key stands for one request; this one differs in its path or its body from the one that came first with it.',
    mend: 'Use a new key for each new request.',
  },
  'api/key-in-use': {
    title: 'same request is being carried out',
    why: 'A request with the same idempotency key came before and has not been answered yet.',
    mend: 'Wait as long as `Retry-After` says, and ask again with the same key for its answer.',
  },
  'api/host-not-allowed': {
    title: 'host is not among those allowed',
    why: 'The service sends requests only to hosts that its configuration names.',
    mend: 'Let an administrator add the host to `api.outgoingHosts`.',
  },
  'api/keystone-away': {
    title: 'Keystone does not answer',
    why: 'The token may be one of Keystone, which can not be asked now.',
    mend: 'Try again; a token made by `usher token create` does not need Keystone.',
  },
  'api/internal': {
    title: 'internal fault',
    why: 'Something went wrong that is no mistake of the caller; the log tells more under the id of the request.',
    mend: 'Try again; if it happens again, report it with the id of the request.',
  },
  'api/unreadable-file': {
    title: 'file of a setting can not be read',
    why: 'The settings of the API name files with keys and certificates, and one of them is not there or not for this user.',
    mend: 'Correct the path, or the permissions.',
  },
  'api/address': {
    title: 'address can not be listened at',
    why: 'Another process listens there, it is no address of this machine, or this user may not use the port.',
    mend: 'Give another host or port in the settings of the API, or end the other process.',
  },
  'api/bad-tls': {
    title: 'key and certificate can not be used',
    why: 'The files are no PEM, or the key is not that of the certificate.',
    mend: 'Give a private key and the certificates that belong to it, both in PEM.',
  },
  'api/token-name-taken': {
    title: 'name of a token is taken',
    why: 'The audit log names tokens, so a name is never used twice, not even after the token was revoked.',
    mend: 'Choose another name.',
  },
  'api/no-such-token': {
    title: 'no such token',
    why: 'No token has this name.',
    mend: 'See `usher token list`.',
  },
  'api/bad-scope': {
    title: 'scope is not understood',
    why: 'A token is good for roles (`viewer`, `author`, `operator`, `admin`) or for pushing the rows of one source (`push:SOURCE`).',
    mend: 'Use one of these.',
  },
  'api/bad-lifetime': {
    title: 'lifetime is not understood',
    why: 'A token lives for some hours or days, and ten years at the most.',
    mend: 'Write for example `12h` or `90d`.',
  },
} satisfies Record<string, CodeDoc>
