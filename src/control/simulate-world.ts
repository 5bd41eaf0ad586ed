import { SEQUENCE, type SimulationAnswer, simulate } from '../datalog/index.ts'
import type { Diagnostic } from '../diagnostic/index.ts'
import { type AtomAst, type Program, parsePolicy } from '../language/index.ts'
import type { TableData, TableSchema } from '../tables/index.ts'
import { assumedSchemas } from './assumed-schemas.ts'
import { ask, evaluateWorld } from './evaluate.ts'
import { readPolicyFiles, type Sources } from './policy-files.ts'
import { examine, openWorld, type World, type WorldRequest } from './world.ts'

export interface SimulationRequest extends Omit<WorldRequest, 'tables'> {
  /** Policies whose `insert[…]` and `delete[…]` rules tell what actions do; bare names that nobody defines in them are actions. */
  readonly actions: readonly string[]
  readonly sequence: string
  readonly query: string
  readonly policy?: string
  readonly trace?: boolean
}

export interface WorldSimulation {
  readonly answer: SimulationAnswer
  readonly program: Program
  readonly warnings: readonly Diagnostic[]
}

/** Answer a query as it would be after a sequence of changes and actions. */
export async function simulateWorld(request: SimulationRequest, sources: Sources): Promise<WorldSimulation> {
  const { sequence } = request
  sources.set(SEQUENCE, sequence)
  const world = await worldWithActions(request, sources)
  const evaluator = evaluateWorld(world)
  const { program } = world
  // A slip in the query is refused as `eval` refuses it, unless rules of the sequence may define what it reads.
  if (!definesTables(sequence)) ask(evaluator, program, request, sources)
  const answer = simulate(evaluator, program, request)
  return { answer, program, warnings: [...world.warnings, ...evaluator.warnings] }
}

/** The world, with a table without rows for each action. */
async function worldWithActions(request: SimulationRequest, sources: Sources): Promise<World> {
  const { data, change, actions, sequence } = request
  const policies = [...request.policies, ...actions]
  if (data === undefined) return openWorld({ policies, ...(change && { change }) }, sources)
  const { tables, diagnostics } = await examine({ policies: [], data, ...(change && { change }) }, sources)
  const described = (await readPolicyFiles(actions, sources)).map(({ file, text }) => parsePolicy(text, file).policy)
  const known = new Map<string, TableData>(tables)
  const declare = (schema: TableSchema) => {
    if (!known.has(schema.table)) known.set(schema.table, { schema, rows: [], provenance: supposed })
  }
  const declared = new Set(described.flatMap(p => p.statements.flatMap(s => s.heads.flatMap(h => actionNamed(h.atom)))))
  const others = (await readPolicyFiles(request.policies, sources)).map(
    ({ file, text }) => parsePolicy(text, file).policy,
  )
  for (const schema of assumedSchemas([...described, ...others])) if (declared.has(schema.table)) declare(schema)
  for (const schema of assumedSchemas(described)) if (!schema.table.includes(':')) declare(schema)
  const invoked = parsePolicy(sequence, SEQUENCE).policy.statements.flatMap(s => s.heads.filter(h => !h.modal))
  for (const { atom } of invoked) declare(schemaOf(atom))
  const world = await openWorld({ policies, tables: known }, sources)
  return { ...world, warnings: [...diagnostics, ...world.warnings] }
}

function definesTables(sequence: string): boolean {
  return parsePolicy(sequence, SEQUENCE).policy.statements.some(s => s.body && s.heads.some(h => h.modal === 'insert'))
}

const supposed = { source: 'simulation', readAt: new Date(0).toISOString() }

/** Congress's way to declare an action: the fact `action("name")`. */
function actionNamed({ name, args }: AtomAst): string[] {
  const [arg] = args
  const isDeclaration = name.module === undefined && name.name === 'action' && args.length === 1
  return isDeclaration && arg?.kind === 'constant' ? [String(arg.value)] : []
}

function schemaOf({ name, args }: AtomAst): TableSchema {
  const table = name.module === undefined ? name.name : `${name.module}:${name.name}`
  return { table, columns: args.map((_, i) => ({ name: `argument ${i + 1}` })) }
}
