import type { ColumnType, Value } from '../../tables/index.ts'

/** Why a cell can't be read; the caller knows the place. */
export class CellProblem {
  readonly code: string
  readonly message: string
  readonly help: string

  constructor(code: string, message: string, help: string) {
    this.code = code
    this.message = message
    this.help = help
  }
}

/**
 * Integers and decimals in canonical form. Left out on purpose, and so texts: leading zeros and `+` (codes, phone numbers) and
 * exponents (a hexadecimal id can look like `12e34`). A column of type number takes those too.
 */
const CANONICAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i
const INTEGER = /^[+-]?\d+$/
const LIMIT = 2n ** 53n

/**
 * The value of a text cell (CSV). Unquoted empty text is null; quoted text is a string unless the column's type says otherwise.
 */
export function readCell(text: string, quoted: boolean, type: ColumnType = 'any'): Value | CellProblem {
  if (text === '' && !quoted) return null
  switch (type) {
    case 'string':
      return text
    case 'number':
      return NUMBER.test(text) ? readNumber(text) : notFinite(text) ? notANumber(text) : wrongType(text, type)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : wrongType(text, type)
    case 'any':
      if (quoted) return text
      if (text === 'true') return true
      if (text === 'false') return false
      if (CANONICAL.test(text)) return readNumber(text)
      return notFinite(text) ? notANumber(text) : text
  }
}

/** A value that a typed format (JSON, YAML) already gave, checked against its column's type. */
export function checkValue(value: unknown, type: ColumnType = 'any'): Value | CellProblem {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return checkValue(readNumber(String(value)), type)
  if (value instanceof CellProblem) return value
  if (typeof value === 'number' && !Number.isFinite(value)) return notANumber(String(value))
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return nestedValue(JSON.stringify(value))
  }
  if (type !== 'any' && typeof value !== type) return wrongType(JSON.stringify(value), type)
  return value === 0 ? 0 : value
}

/** A number's text as a number; an integer past 2^53 would be rounded silently and is refused. */
export function readNumber(text: string): number | CellProblem {
  if (text.length > 15 && INTEGER.test(text)) {
    const exact = BigInt(text.replace(/^\+/, ''))
    if (exact > LIMIT || exact < -LIMIT) {
      return new CellProblem(
        'data/number-too-large',
        `the integer \`${text}\` is beyond 2^53 and can't be kept exactly`,
        'give its column the type `string` in schema.yaml, or quote it, if it is an identifier',
      )
    }
  }
  const value = Number(text)
  if (!Number.isFinite(value)) return notANumber(text)
  return value === 0 ? 0 : value
}

/** A list or an object where a single value belongs. */
export function nestedValue(text: string): CellProblem {
  return new CellProblem(
    'data/nested-value',
    `\`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\` is not a single value`,
    'write a text, a number, true, false or null, and put what is nested into a table of its own',
  )
}

function notFinite(text: string): boolean {
  return NOT_FINITE.test(text)
}

function notANumber(text: string): CellProblem {
  return new CellProblem(
    'data/not-finite',
    `\`${text}\` is not a number that a table can hold`,
    'leave the cell empty where nothing was measured, or quote it if it is a name',
  )
}

function wrongType(text: string, type: ColumnType): CellProblem {
  return new CellProblem(
    'data/wrong-type',
    `\`${text}\` is not a ${type}, which schema.yaml says the column holds`,
    `write a ${type}, or change the column's type in schema.yaml`,
  )
}
