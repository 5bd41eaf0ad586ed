import type { Absence, Derivation } from '../datalog/index.ts'
import type { CoreRule } from '../language/index.ts'

/** A derivation for programs: rules by their place and text instead of the checker's own form. */
export function derivationJson(d: Derivation): unknown {
  switch (d.kind) {
    case 'rule':
      return { ...d, rule: ruleJson(d.rule), because: d.because.map(derivationJson) }
    case 'fact':
      return { ...d, rule: ruleJson(d.rule) }
    case 'aggregate':
      return { ...d, group: d.group.map(part => part.map(derivationJson)) }
    case 'absent':
      // What could be anything is null: JSON has no undefined in lists, and a `not` never asks for null alone.
      return { ...d, pattern: d.pattern.map(value => value ?? null) }
    default:
      return d
  }
}

export function absenceJson({ tuple, attempts }: Absence): unknown {
  return { tuple, attempts: attempts.map(attempt => ({ ...attempt, rule: ruleJson(attempt.rule) })) }
}

function ruleJson({ policy, span, text }: CoreRule): unknown {
  return { policy, file: span.file, line: span.line, text }
}
