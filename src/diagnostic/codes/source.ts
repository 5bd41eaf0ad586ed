import type { CodeDoc } from './index.ts'

export const sourceCodes = {
  'source/unreachable': {
    title: 'a service can not be reached',
    why: 'Its tables stay as they were last read, and are shown as stale.',
    mend: 'Check the address, that the service runs, and that it can be reached from here.',
  },
  'source/timeout': {
    title: 'a service does not answer in time',
    why: 'A request that hangs would keep its table from ever being read again.',
    mend: 'Look whether the service is well, or raise timeout.',
  },
  'source/tls': {
    title: 'the certificate of a service can not be trusted',
    why: 'Whoever answers in its place would get the password.',
    mend: 'Give the certificate of its authority as ca_file, or correct the address.',
  },
  'source/not-json': {
    title: 'a service answers something else than JSON',
    why: 'Mostly a proxy, a login page or another service stands at the address.',
    mend: 'Correct the address.',
  },
  'source/answer-too-large': {
    title: 'an answer is larger than allowed',
    why: 'Reading it could take all memory.',
    mend: 'Raise largest_answer if the answer is right, or lower page_size.',
  },
  'source/unexpected-answer': {
    title: 'an answer is not of the form that the API promises',
    why: 'Rows made of it would be wrong.',
    mend: 'Check that the address is that of the service, and its release.',
  },
  'source/login-refused': {
    title: 'a login is refused',
    why: 'Nothing can be read without a token.',
    mend: 'Check user, password, domains and project, or the application credential.',
  },
  'source/forbidden': {
    title: 'the user may not see or do that',
    why: 'Most tables of hosts and of all projects need the admin role; other tables go on being read.',
    mend: 'Give the user the role that the service asks for.',
  },
  'source/not-found': {
    title: 'a service knows nothing at an address',
    why: 'The address is wrong, or what was asked for is gone.',
    mend: 'Check the address of the service.',
  },
  'source/moved': {
    title: 'a service sends elsewhere',
    why: 'Following with a token in hand could give it away.',
    mend: 'Use the address in the help line.',
  },
  'source/too-many-requests': {
    title: 'a service asks for fewer requests',
    why: 'It was asked again after the time it named, and still refused.',
    mend: 'Raise the poll intervals, or the limit of the service.',
  },
  'source/broken': {
    title: 'a service failed',
    why: 'The fault is on its side; it is asked again.',
    mend: 'Look into its log.',
  },
  'source/refused': {
    title: 'a service refuses a request',
    why: 'Asking the same again would not help.',
    mend: 'See what the service says.',
  },
  'source/no-service': {
    title: 'a service is not in the catalogue',
    why: 'Its tables can not be read; those of other services can.',
    mend: 'Correct region or interface, give the address under endpoints, or do without its tables.',
  },
  'source/microversion': {
    title: 'a service does not speak a needed API version',
    why: 'With an older one, columns would be missing or mean something else.',
    mend: 'Correct microversions of the data source, or use a later release.',
  },
} satisfies Record<string, CodeDoc>
