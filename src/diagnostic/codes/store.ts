import type { CodeDoc } from './index.ts'

export const storeCodes = {
  'store/key': {
    title: 'no usable key for secrets',
    why: 'The key is 32 random bytes, in base64 or as 64 hexadecimal digits, given directly or in a file.',
    mend: 'Make one with `openssl rand -base64 32`, and keep a copy: what it sealed can not be read without it.',
  },
  'store/no-key': {
    title: 'no key for the secrets in the database',
    why: 'Values of workflows with secrets are stored sealed, and this process was given no key to open them.',
    mend: 'Set `USHER_SECRET_KEY` or `USHER_SECRET_KEY_FILE`, the same for every process that works on the database.',
  },
  'store/wrong-key': {
    title: 'another key sealed the secrets',
    why: 'The database holds values that were sealed with a key other than the one given.',
    mend: 'Give the key they were sealed with.',
  },
  'store/newer-version': {
    title: 'database from a newer version',
    why: 'A newer usher changed the layout of the database, and this one would misread it.',
    mend: 'Use the usher that made the database or a newer one, or give another file.',
  },
  'store/not-ours': {
    title: 'database of another program',
    why: 'The file is a SQLite database whose tables usher did not make, and nothing is added to it.',
    mend: 'Give the path of a database that usher made, or of a file that does not exist yet.',
  },
  'store/not-a-database': {
    title: 'not a database',
    why: 'The path leads to a folder or to a file of another kind.',
    mend: 'Give the path of a database that usher made, or of a file that does not exist yet.',
  },
  'store/damaged': {
    title: 'damaged database',
    why: 'SQLite found pages of the file that contradict each other.',
    mend: 'Restore the file from a copy, or start with a new one.',
  },
  'store/no-folder': {
    title: 'folder of the database does not exist',
    why: 'The database file is made when it is missing, but its folder is not.',
    mend: 'Make the folder, or give another path.',
  },
  'store/read-only': {
    title: 'database can not be written',
    why: 'The file, its folder or its file system is read-only for this user; the folder too must be writable, for the journal.',
    mend: 'Make the file and its folder writable, or give another path.',
  },
  'store/disk-full': {
    title: 'disk full',
    why: 'There was no room for the change, so it was not made; everything recorded before is intact.',
    mend: 'Free space and run the command again.',
  },
  'store/io': {
    title: 'database can not be read or written',
    why: 'The operating system refused an access to the database file.',
    mend: 'Check the disk and the permissions of the file and its folder.',
  },
  'store/locked': {
    title: 'database locked',
    why: 'Another process held its transaction open for longer than this one waits.',
    mend: 'End the other process, or try again when it is done.',
  },
  'store/away': {
    title: 'database does not answer',
    why: 'The server is down, can not be reached, or has no connection left.',
    mend: 'See that the server runs and can be reached; what was recorded is not lost.',
  },
  'store/refused': {
    title: 'database refuses the connection',
    why: 'The server does not know the user, the password or the database.',
    mend: 'Correct the URL, or give the user the right.',
  },
  'store/url': {
    title: 'URL of no database',
    why: 'Only PostgreSQL is reached by a URL.',
    mend: 'Write `postgres://user:password@host:5432/database`, or give a file instead.',
  },
} satisfies Record<string, CodeDoc>
