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
    mend: 'Give the certificate of its authority as caFile, or correct the address.',
  },
  'source/not-json': {
    title: 'a service answers something else than JSON',
    why: 'Mostly a proxy, a login page or another service stands at the address.',
    mend: 'Correct the address.',
  },
  'source/answer-too-large': {
    title: 'an answer is larger than allowed',
    why: 'Reading it could take all memory.',
    mend: 'Raise largestAnswer if the answer is right, or lower pageSize.',
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
  'source/too-old': {
    title: 'a table was read longer ago than allowed',
    why: 'What has changed since is not known; plans may be refused on it.',
    mend: 'See the faults of the data source, or raise staleAfter.',
  },
  'source/internal': {
    title: 'reading a table failed inside Usher',
    why: 'This is a bug of Usher, not of the cloud.',
    mend: 'Please report it, with the message.',
  },
  'source/odd-value': {
    title: 'a value is not of the type of its column',
    why: 'null stands in its place, so that the rest of the row is there.',
    mend: 'Check the release of the service.',
  },
  'source/hosts-hidden': {
    title: 'the cloud does not show where servers run',
    why: 'Only administrators see hosts; nova:location would be empty.',
    mend: 'Give the user the admin role.',
  },
  'source/server-without-host': {
    title: 'a server is on no host',
    why: 'It has no place, so it takes no part in placement. Servers that failed to start are like that.',
    mend: 'Delete or rebuild the server if it is not wanted.',
  },
  'source/duplicate-name': {
    title: 'two hypervisors have one name',
    why: 'Two cells may each have a hypervisor of the same name; rules that join by it mix them up.',
    mend: 'Join by id or by host, or rename one.',
  },
  'source/no-metrics': {
    title: 'there are no measurements of a meter',
    why: 'Rules on it see no rows.',
    mend: 'Check that the meter is sent, and that its archive policy keeps points of the granularity asked for.',
  },
  'source/bad-config': {
    title: 'the settings of a data source are wrong',
    why: 'A setting that is not understood would silently be without effect.',
    mend: 'Correct it; docs/guides/openstack.md shows all settings.',
  },
  'source/no-variable': {
    title: 'an environment variable is not set',
    why: 'The configuration takes a value from it.',
    mend: 'Set the variable, or give a value for when it is not set.',
  },
  'source/name-twice': {
    title: 'two data sources have one name or one table',
    why: 'Their rows could not be told apart.',
    mend: 'Give one of them another name.',
  },
  'source/bad-ca-file': {
    title: 'a file of certificates can not be used',
    why: 'Without it, the service can not be trusted.',
    mend: 'Give a readable file of certificates in PEM.',
  },
  'source/incomplete-login': {
    title: 'something is missing to log in to a cloud',
    why: 'Keystone needs an address, a user or credential, and its secret.',
    mend: 'Give what the message names, in auth, in clouds.yaml or as an OS_ variable.',
  },
  'source/no-cloud': {
    title: 'a cloud is not in clouds.yaml',
    why: 'Its address and login stand there.',
    mend: 'Correct the name, or add the cloud.',
  },
} satisfies Record<string, CodeDoc>
