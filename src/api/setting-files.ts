import { readFileSync } from 'node:fs'
import { fail } from '../diagnostic/index.ts'

/** The text of a file that a setting names. */
export function readSetting(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return fail('api/unreadable-file', `\`${file}\` can't be read (${(error as NodeJS.ErrnoException).code})`, {
      help: `\`api.${setting}\` names it: give the path of a file in PEM that this user may read`,
    })
  }
}
