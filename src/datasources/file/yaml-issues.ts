import { type Document, isMap, isNode, type Node } from 'yaml'
import type { z } from 'zod'
import type { Span } from '../../diagnostic/index.ts'
import type { SourceText } from './source-text.ts'
import { spanOfNode } from './yaml.ts'

/** Where something of a YAML document stands, or the nearest thing around it that is there. */
export function placeInYaml(source: SourceText, document: Document, path: readonly PropertyKey[]): Span {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return spanOfNode(source, node)
  }
  return source.opening
}

/** Where an issue stands: the name itself where that is what is wrong. */
export function placeOfIssue(source: SourceText, document: Document, { path, unknownKey }: ConfigIssue): Span {
  return unknownKey ? placeOfKey(source, document, path) : placeInYaml(source, document, path)
}

/** Where the name of an entry stands. */
export function placeOfKey(source: SourceText, document: Document, path: readonly PropertyKey[]): Span {
  const around = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const pair = isMap(around)
    ? around.items.find(({ key }) => isNode(key) && String(key) === String(path.at(-1)))
    : undefined
  return pair ? spanOfNode(source, pair.key as Node) : placeInYaml(source, document, path)
}

/** What is wrong at one place, in words that can follow the place. */
export interface ConfigIssue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** The last step of `path` is a name that should not be there. */
  readonly unknownKey: boolean
}

/** `\`url\`: …`, or the message alone when it concerns the whole. */
export function inWords({ path, message }: Pick<ConfigIssue, 'path' | 'message'>): string {
  return path.length === 0 ? message : `\`${path.map(String).join('.')}\`: ${message}`
}

/** What a schema found wrong, place by place. A union's own issue says little: its branch that came furthest says more. */
export function issuesOf(error: z.core.$ZodError): ConfigIssue[] {
  return error.issues.flatMap(issue => leaves(issue, []))
}

function leaves(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): ConfigIssue[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({ path: [...path, key], message: 'there is no such setting here', unknownKey: true }))
  }
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) {
    const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
    return [{ path, message, unknownKey: false }]
  }
  const branches = issue.errors.map(branch => branch.flatMap(inner => leaves(inner, path)))
  const depth = (branch: (typeof branches)[number]) => Math.max(0, ...branch.map(leaf => leaf.path.length))
  return branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best))
}
