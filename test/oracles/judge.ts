import type { Answer, Answers } from './answers.ts'
import { difference } from './answers.ts'
import { type Case, programOf, statesOf } from './cases.ts'
import { askClingo } from './clingo.ts'
import type { Cluster } from './cluster.ts'
import { askPostgres } from './postgres.ts'
import { askEvaluator, askReference } from './usher.ts'

/** Who can be asked besides the evaluator and the reference. */
export interface Judges {
  readonly cluster: Cluster | undefined
  readonly clingo: string | undefined
}

export type Peer = 'evaluator' | 'postgres' | 'clingo'

export interface Finding {
  readonly peer: Peer
  readonly what: string
  readonly kind: 'difference' | 'failure'
}

export interface Verdict {
  readonly found: Case
  /** Tables, at each state, that each peer answered in full; views that lack rows are only searched for wrong ones. */
  readonly compared: Readonly<Record<Peer, number>>
  readonly findings: readonly Finding[]
  readonly rules: number
  readonly refusedRules: readonly string[]
}

const nothing: ReadonlySet<string> = new Set()

/** Beyond these, products and sums could pass clingo's 32-bit integers. */
const CLINGO_LIMIT = 200

/** Evaluate cases by all means at hand and compare each table of each state with the plain reference. */
export async function judge(cases: readonly Case[], { cluster, clingo }: Judges): Promise<readonly Verdict[]> {
  const questions = cases.flatMap(found => {
    const program = programOf(found)
    return program ? [{ found, program, states: statesOf(found) }] : []
  })
  const postgres = cluster ? askPostgres(cluster, questions) : undefined
  const references = questions.map(q => askReference(q.program, q.states))
  const fit = questions.filter((_, i) => references[i]!.every(small))
  const solved = clingo ? await askClingo(clingo, fit) : []
  const views = await postgres
  return questions.map(({ found, program }, i) => {
    const reference = references[i]!
    const compared = { evaluator: 0, postgres: 0, clingo: 0 }
    const findings: Finding[] = []
    const compare = (peer: Peer, answers: Answers | undefined, lacking: ReadonlySet<string>) => {
      if (!answers) return
      if ('failed' in answers) {
        findings.push({ peer, kind: 'failure', what: answers.failed })
        return
      }
      for (const [s, answer] of answers.entries()) {
        const what = answer && difference(reference[s]!, answer, lacking)
        compared[peer] += [...(answer?.keys() ?? [])].filter(table => !lacking.has(table)).length
        if (what === undefined) continue
        findings.push({
          peer,
          kind: 'difference',
          what: `${s === 0 ? 'after the load' : `after transaction ${s}`}: ${what}`,
        })
        return
      }
    }
    compare('evaluator', askEvaluator(program, found), nothing)
    compare('postgres', views?.[i]?.answers, views?.[i]?.lacking ?? nothing)
    const c = fit.indexOf(questions[i]!)
    compare('clingo', c < 0 ? undefined : solved[c], nothing)
    const refusedRules = views?.[i]?.translation.refused.map(r => r.diagnostic.code) ?? []
    return { found, compared, findings, rules: program.rules.length, refusedRules }
  })
}

function small(answer: Answer): boolean {
  return [...answer.values()].every(rows =>
    rows.every(row => row.every(v => typeof v !== 'number' || (Number.isInteger(v) && Math.abs(v) <= CLINGO_LIMIT))),
  )
}
