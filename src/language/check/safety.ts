import type { Diagnostic, Span } from '../../diagnostic/index.ts'
import { nearestName } from '../../diagnostic/index.ts'
import type { CoreLiteral } from '../core.ts'
import type { LoweredStatement } from './lowering.ts'
import { quotedList } from './names.ts'
import type { Occurrence } from './scope.ts'
import { type Binding, bindings, variablesAmong, variablesIn, variablesOf } from './variables.ts'

/** What is checked: a rule, a fact or a query. `name` is its head's, for messages. */
export interface Subject {
  readonly kind: 'rule' | 'fact' | 'query'
  readonly name: string
  readonly span: Span
}

/**
 * A rule is safe when each of its variables gets a value from a positive literal, or is computed from variables that have one.
 * Each variable that does not is reported once, at the place that reads it; a variable that would be computed from an unbound
 * one is not reported on top of that one.
 *
 * @returns whether the statement is safe.
 */
export function checkSafety(lowered: LoweredStatement, subject: Subject, report: (d: Diagnostic) => void): boolean {
  const needed = new Set(lowered.heads.flatMap(h => variablesAmong(h.args)))
  const unbound = unboundIn(lowered.body, new Set(lowered.assumed), needed)
  for (const problem of unbound) report(explain(problem, lowered, subject))
  return unbound.length === 0
}

interface Unbound {
  readonly index: number
  /** Each literal that could give it a value waits for that value in turn. */
  readonly circular: boolean
  /** What is bound where it is wanted: the likely right names. */
  readonly bound: ReadonlySet<number>
}

/**
 * Variables of a body, and of `needed`, that nothing binds. `bound` grows by what the body binds. Braces are checked with what they
 * group by as given: a group variable without a value is reported outside of them.
 */
function unboundIn(body: readonly CoreLiteral[], bound: Set<number>, needed: ReadonlySet<number>): Unbound[] {
  const ways = body.flatMap(bindings)
  propagate(ways, bound)
  const wanted = new Set(needed)
  for (const literal of body) for (const v of variablesIn(literal)) wanted.add(v)

  const found: Unbound[] = []
  const settled = new Set(bound)
  const computable = new Set(ways.flatMap(w => w.gives))
  for (const index of wanted)
    if (!settled.has(index) && !computable.has(index)) {
      found.push({ index, circular: false, bound })
      settled.add(index)
    }
  propagate(ways, settled)
  // One of each circle is enough, and what merely waits for a circle is no fault of its own.
  for (const index of wanted)
    if (!settled.has(index) && waitsForItself(index, ways)) {
      found.push({ index, circular: true, bound })
      settled.add(index)
      propagate(ways, settled)
    }

  for (const literal of body)
    if (literal.kind === 'aggregate') {
      const value = new Set(literal.value ? variablesOf(literal.value) : [])
      found.push(...unboundIn(literal.body, new Set(literal.groupBy), value))
    }
  return found
}

/** Some way to give a variable its value needs, by other ways, that same value. */
function waitsForItself(index: number, ways: readonly Binding[]): boolean {
  const seen = new Set<number>()
  const queue = [index]
  for (let v = queue.pop(); v !== undefined; v = queue.pop())
    for (const way of ways) {
      if (!way.gives.includes(v)) continue
      if (way.needs.includes(index)) return true
      for (const need of way.needs)
        if (!seen.has(need)) {
          seen.add(need)
          queue.push(need)
        }
    }
  return false
}

/** Add to `bound` what follows from it. */
function propagate(ways: readonly Binding[], bound: Set<number>): void {
  let waiting = ways
  for (;;) {
    const still: Binding[] = []
    for (const way of waiting)
      if (way.needs.every(v => bound.has(v))) for (const v of way.gives) bound.add(v)
      else still.push(way)
    if (still.length === waiting.length || still.length === 0) return
    waiting = still
  }
}

function explain(problem: Unbound, lowered: LoweredStatement, subject: Subject): Diagnostic {
  const name = lowered.variables[problem.index]!
  const at = placeOf(problem.index, lowered.occurrences)
  const span = at?.span ?? subject.span
  const common = { code: 'language/unsafe-variable', severity: 'error', span } as const
  const where = subject.kind === 'query' ? 'the query' : `the rule for \`${subject.name}\``

  if (subject.kind === 'fact')
    return {
      ...common,
      message: `a fact holds constants only, and \`${name}\` is a variable`,
      help: `text needs quotes: write \`"${name}"\`; for a rule, add a body after \`:-\``,
    }
  if (problem.circular)
    return {
      ...common,
      message: `\`${name}\` in ${where} is computed only from itself`,
      help: `bind \`${name}\` in a positive literal of the body`,
    }

  const similar = similarNames(
    name,
    [...problem.bound].map(v => lowered.variables[v]!),
  )
  const inBraces = lowered.occurrences.find(o => o.index === problem.index && o.depth > (at?.depth ?? 0))
  const help =
    similar.length > 0
      ? `did you mean ${quotedList(similar, 'or')}?`
      : inBraces
        ? `braces group by the variables that occur outside of them: bind \`${name}\` in a positive literal outside, or use another name outside`
        : mend(name, at)
  return {
    ...common,
    message: `${described(name, at)} in ${where} has no value: no positive literal binds it`,
    help,
    ...(inBraces && {
      notes: [{ message: `\`${name}\` has values inside these braces, not outside of them`, span: inBraces.span }],
    }),
  }
}

/** Where to report: the first place in the outermost braces that mention it. */
function placeOf(index: number, occurrences: readonly Occurrence[]): Occurrence | undefined {
  let best: Occurrence | undefined
  for (const o of occurrences) if (o.index === index && (best === undefined || o.depth < best.depth)) best = o
  return best
}

function described(name: string, at: Occurrence | undefined): string {
  const place = at?.place
  if (place?.kind === 'head') return `variable \`${name}\` of the head`
  if (place?.kind === 'negated') return `variable \`${name}\` under \`not\``
  if (place?.kind === 'builtin') return `variable \`${name}\` of \`${place.name}\``
  return `variable \`${name}\``
}

function mend(name: string, at: Occurrence | undefined): string {
  const bind = `use \`${name}\` in a positive literal of the body`
  if (at?.place.kind === 'head') return `${bind}, or write a constant (text needs quotes: \`"${name}"\`)`
  if (at?.place.kind === 'negated') return `${bind}, or write \`_\` if any value will do`
  return `${bind}, or compute it: \`${name} = …\``
}

/** Bound names that the writer may have meant: those that continue `name` or are continued by it, else one close in spelling. */
function similarNames(name: string, bound: readonly string[]): string[] {
  const lower = name.toLowerCase()
  const names = [...new Set(bound)].filter(b => b !== '_' && b !== name && !b.includes(' '))
  const continued = names.filter(b => {
    const other = b.toLowerCase()
    const shorter = Math.min(other.length, lower.length)
    return shorter >= 2 && (other.startsWith(lower) || lower.startsWith(other))
  })
  if (continued.length > 0) return continued.slice(0, 4)
  if (name.length < 3) return []
  const near = nearestName(name, names)
  return near === undefined ? [] : [near]
}
