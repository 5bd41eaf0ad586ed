import { createEvaluator } from '../../src/datalog/index.ts'
import { evaluateNaively } from '../../src/datalog/testing/naive.ts'
import type { Program } from '../../src/language/index.ts'
import { type Answer, type Answers, derivedTables } from './answers.ts'
import type { Case, statesOf } from './cases.ts'

/** The evaluator: a load, then each transaction through `apply`. */
export function askEvaluator(program: Program, { tables, transactions }: Case): Answers {
  try {
    const names = derivedTables(program)
    const evaluator = createEvaluator(program, { clock: () => new Date(0) })
    const read = (): Answer => new Map(names.map(name => [name, evaluator.view.rows(name)]))
    evaluator.load(tables)
    const answers = [read()]
    for (const deltas of transactions) {
      evaluator.apply(deltas)
      answers.push(read())
    }
    return answers
  } catch (error) {
    return {
      failed: error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' ') : String(error),
    }
  }
}

/** The plain reference, on every state anew. */
export function askReference(program: Program, states: ReturnType<typeof statesOf>): readonly Answer[] {
  const names = derivedTables(program)
  return states.map(state => {
    const all = evaluateNaively(program, state)
    return new Map(names.map(name => [name, all.get(name) ?? []]))
  })
}
