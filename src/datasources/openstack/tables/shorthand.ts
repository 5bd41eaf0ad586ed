import type { ColumnType } from '../../../tables/index.ts'
import type { ColumnDescription } from './description.ts'

export function column(
  name: string,
  path: string,
  type: ColumnType,
  description: string,
  more: Partial<Pick<ColumnDescription, 'unit' | 'words' | 'required'>> = {},
): ColumnDescription {
  return { name, path, type, description, ...more }
}

/** Texts that stand under the column's own name. */
export function pick(descriptions: Readonly<Record<string, string>>, type: ColumnType = 'string'): ColumnDescription[] {
  return Object.entries(descriptions).map(([name, description]) => column(name, name, type, description))
}

/** The columns of an object with any names, after `each: '….*'`. */
export const keyValue: readonly ColumnDescription[] = [
  column('key', '@key', 'string', 'Name of the entry'),
  column('value', '@value', 'any', 'Its value'),
]
