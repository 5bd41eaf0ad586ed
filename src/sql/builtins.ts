import type { BuiltinLiteral } from '../language/index.ts'
import { asNumber, asText } from './expression.ts'
import { Refusal, type RuleScope } from './scope.ts'
import type { SqlExpr } from './types.ts'

/** The output of a builtin that has an exact form in SQL: NULL where the builtin does not hold. Others are refused. */
export function builtinOutput(l: BuiltinLiteral, inputs: readonly SqlExpr[], scope: RuleScope): SqlExpr {
  const numbers = () => inputs.map(e => asNumber(e, scope).sql).join(', ')
  const texts = () => inputs.map(e => asText(e, scope).sql).join(', ')
  switch (l.name) {
    case 'div':
      return { sql: `${scope.use('div')}(${numbers()})`, type: 'number', mayFail: true }
    case 'concat':
      return { sql: `${scope.use('concat')}(${texts()})`, type: 'text', mayFail: true }
    case 'len':
      // Code points, as in Usher.
      return { sql: `char_length(${texts()})::float8`, type: 'number', mayFail: true }
    case 'int':
    case 'float': {
      // Both read numbers out of texts too, by JavaScript's rules, which PostgreSQL does not have.
      const [input] = inputs
      if (input?.type !== 'number')
        throw new Refusal('sql/builtin', `\`${l.name}\` has an SQL form only for a column whose type is number`, l.span)
      if (l.name === 'int') return { sql: `${scope.use('truncate')}(${input.sql})`, type: 'number', mayFail: true }
      return { sql: `${scope.use('settle')}(${input.sql}, TRUE)`, type: 'number', mayFail: true }
    }
    default:
      throw new Refusal('sql/builtin', `\`${l.name}\` has no exact form in PostgreSQL`, l.span)
  }
}
