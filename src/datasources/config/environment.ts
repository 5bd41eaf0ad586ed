import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Document, isScalar, visit } from 'yaml'
import { nearestName } from '../../diagnostic/index.ts'
import type { Findings, SourceText } from '../file/source-text.ts'
import { spanOfNode } from '../file/yaml.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `${NAME}`, `${NAME:-otherwise}`, `${file:PATH}`, and `$${` for a `${` that is meant. */
const REFERENCE = /\$(\$\{)|\$\{file:([^}]+)\}|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

/**
 * Put the values of environment variables, and the contents of files, where a YAML document names them. Secrets need not stand in it
 * then.
 * @param base the folder that paths of files are relative to
 */
export function fillIn(
  document: Document,
  source: SourceText,
  environment: Environment,
  base: string,
  findings: Findings,
): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return
      type Part = string | undefined
      node.value = node.value.replace(REFERENCE, (_, escaped: Part, file: Part, name: string, otherwise: Part) => {
        if (escaped) return escaped
        if (file !== undefined)
          try {
            // An editor ends a file with a line break that is no part of a secret.
            return readFileSync(resolve(base, file), 'utf8').replace(/\r?\n$/, '')
          } catch (error) {
            const { code = 'unknown' } = error as NodeJS.ErrnoException
            findings.error(
              'source/no-variable',
              `the file \`${file}\` can't be read (${code})`,
              spanOfNode(source, node),
              {
                help: 'correct the path, or let this user read the file',
              },
            )
            return ''
          }
        const value = environment[name] ?? otherwise
        if (value !== undefined) return value
        const near = nearestName(name, Object.keys(environment))
        findings.error('source/no-variable', `there is no environment variable \`${name}\``, spanOfNode(source, node), {
          help: near ? `did you mean \`${near}\`?` : `set it, or write \`\${${name}:-VALUE}\` for when it is not set`,
        })
        return ''
      })
    },
  })
}
