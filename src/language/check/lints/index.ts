import type { Lint, LintContext, Report } from './lint.ts'
import { neverFires } from './never-fires.ts'
import { repeatedLiteral } from './repeated-literal.ts'
import { selfJoin } from './self-join.ts'
import { singleUse } from './single-use.ts'

/** Every lint, in one list: a new one is a file beside these and a line here. */
const lints: readonly Lint[] = [selfJoin, singleUse, neverFires, repeatedLiteral]

/** Warn of rules that are sound and still unlikely to be what was meant. */
export function runLints(context: LintContext, report: Report): void {
  for (const lint of lints) lint(context, report)
}
