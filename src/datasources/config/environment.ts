import { type Document, isScalar, visit } from 'yaml'
import { nearestName } from '../../diagnostic/index.ts'
import type { Findings, SourceText } from '../file/source-text.ts'
import { spanOfNode } from '../file/yaml.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `${NAME}`, `${NAME:-otherwise}`, and `$${` for a `${` that is meant. */
const REFERENCE = /\$(\$\{)|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

/** Put the values of environment variables where a YAML document names them. Secrets need not stand in the file then. */
export function fillIn(document: Document, source: SourceText, environment: Environment, findings: Findings): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return
      node.value = node.value.replace(REFERENCE, (_, escaped: string | undefined, name: string, otherwise?: string) => {
        if (escaped) return escaped
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
