import { DiagnosticError } from '../../diagnostic/index.ts'
import { forLog, type Parts } from './parts.ts'
import type { PolicyBook } from './policies.ts'
import { type PolicyFile, readPolicyFolder } from './policy-folder.ts'

/** Who makes policies from files. */
const ACTOR = { id: 'configuration' }

/**
 * Take over the policies of the configured folder. A file makes a policy, and changes it when it has changed; a policy that somebody
 * changed by other ways since is theirs. A file that is refused leaves the policy as it was, and the others go on.
 */
export async function importPolicies(
  { config, log }: Pick<Parts, 'config' | 'log'>,
  policies: PolicyBook,
): Promise<void> {
  const { folder, mode } = config.policies
  if (folder === undefined) return
  let left = [...(await readPolicyFolder(folder))]
  // One may need another that comes later.
  for (let last = Number.POSITIVE_INFINITY; left.length > 0 && left.length < last; ) {
    last = left.length
    const refused: PolicyFile[] = []
    for (const file of left)
      try {
        await take(file)
      } catch (error) {
        if (!(error instanceof DiagnosticError) || error.diagnostics.some(d => d.code.startsWith('store/'))) throw error
        refused.push(file)
        if (left.length === 1 || refused.length === left.length)
          log.error({ policy: file.name, ...forLog(error) }, 'a policy file was refused')
      }
    left = refused
  }

  async function take({ name, description, text }: PolicyFile): Promise<void> {
    const known = policies.find(name)
    if (!known) await policies.create({ name, description, text, mode }, ACTOR)
    else if (known.text === text) return
    else if (known.changed_by === ACTOR.id) await policies.change(name, { text, description }, {}, ACTOR)
    else log.warn({ policy: name, by: known.changed_by }, 'a policy was changed elsewhere: its file is left alone')
  }
}
