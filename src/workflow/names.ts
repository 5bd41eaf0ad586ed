/*
 * Names of task rows. Items and compensations are rows like tasks, so that claims, tokens and completions need not tell them apart:
 * `copy[3]` is the fourth item of `copy`, `~copy` undoes `copy`. No task's own name may look like that.
 */

const ITEM = /^(.*)\[(\d+)\]$/

export function itemName(task: string, index: number): string {
  return `${task}[${index}]`
}

/** The task a row belongs to, and which part of it the row is. */
export function readName(name: string): { readonly task: string; readonly index?: number; readonly undo?: true } {
  if (name.startsWith('~')) return { task: name.slice(1), undo: true }
  const match = name.endsWith(']') ? ITEM.exec(name) : null
  return match ? { task: match[1]!, index: Number(match[2]) } : { task: name }
}

export function undoName(task: string): string {
  return `~${task}`
}

export function token(execution: string, task: string, attempt: number): string {
  return `${execution}/${task}/${attempt}`
}

/** A token's parts, or undefined. */
export function readToken(text: string): { execution: string; task: string; attempt: number } | undefined {
  const [execution, task, attempt, ...more] = text.split('/')
  if (!execution || !task || !attempt || more.length > 0 || !/^[1-9]\d{0,9}$/.test(attempt)) return undefined
  return { execution, task, attempt: Number(attempt) }
}

/** The id of the sub-workflow that a try starts; the same after a crash. */
export function childId(of: { readonly execution: string; readonly task: string; readonly attempt: number }): string {
  return `${of.execution}.${of.task}.${of.attempt}`
}
