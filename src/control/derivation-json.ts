import type { Absence, Derivation } from '../datalog/index.ts'
import type { CoreRule } from '../language/index.ts'

/** Levels that are written out: deeper nesting breaks readers of JSON. */
const DEEPEST = 200

/**
 * A derivation for programs: rules by their place and text instead of the checker's own form. A rule's tuple that was derived before has
 * the kind `above`, one that lies too deep `deeper`, both without what it follows from. docs/guides/explain.md lists the fields.
 */
export function derivationJson(d: Derivation, written = new Set<Derivation>(), depth = 1): unknown {
  const inner = (child: Derivation) => derivationJson(child, written, depth + 1)
  switch (d.kind) {
    case 'rule': {
      const kind = written.has(d) ? 'above' : depth > DEEPEST ? 'deeper' : undefined
      if (kind) return { kind, tuple: d.tuple }
      written.add(d)
      return { ...d, rule: ruleJson(d.rule), because: d.because.map(inner) }
    }
    case 'fact':
      return { ...d, rule: ruleJson(d.rule) }
    case 'aggregate':
      return { ...d, group: d.group.map(part => part.map(inner)) }
    case 'absent':
      // What could be anything is null: JSON has no undefined in lists, and a `not` never asks for null alone.
      return { ...d, pattern: d.pattern.map(value => value ?? null) }
    default:
      return d
  }
}

export function absenceJson({ tuple, nearest, attempts }: Absence): unknown {
  return {
    tuple,
    nearest,
    attempts: attempts.map(({ rule, values, held, failed }) => ({
      rule: ruleJson(rule),
      values: Object.fromEntries(
        rule.variables.flatMap((name, i) =>
          values[i] === undefined || /\W|^_$/.test(name) ? [] : [[name, values[i]]],
        ),
      ),
      held: held.map(h => h.text),
      failed: failed.map(f => ({ literal: f.text, nearest: f.nearest })),
    })),
  }
}

function ruleJson({ policy, span, text }: CoreRule): unknown {
  return { policy, file: span.file, line: span.line, text }
}
