import { fail } from '../diagnostic/index.ts'
import { type Component, tablesRead } from './rules.ts'

/** Refuse a table that depends on its own negation or on an aggregate over itself. The checker refuses it first, with more to say. */
export function checkStratified(components: readonly Component[]): void {
  for (const component of components) {
    const own = new Set(component.tables)
    for (const rule of component.rules) {
      for (const { table, negative } of tablesRead(rule.body)) {
        if (!negative || !own.has(table)) continue
        fail(
          'datalog/unstratified',
          `\`${rule.head.table}\` depends on \`${table}\` under \`not\` or in an aggregate`,
          {
            span: rule.span,
            help: `break the cycle: ${[...component.tables, component.tables[0]].map(t => `\`${t}\``).join(' → ')}`,
          },
        )
      }
    }
  }
}
