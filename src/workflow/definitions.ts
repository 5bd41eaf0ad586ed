import { createHash } from 'node:crypto'
import type { Store, StoreTransaction } from '../store/index.ts'
import { cel } from './cel.ts'
import type { ExpressionLanguage } from './expressions.ts'
import { buildGraph, type WorkflowGraph } from './graph.ts'
import type { WorkflowDefinition } from './types.ts'

/** Definitions kept ready to use. They never change, so a stale one can't be. */
const GRAPHS_KEPT = 200

export type Reader = Store['db'] | StoreTransaction

/** Stored definitions by id, with a cache of those in use. */
export class Definitions {
  readonly #language: ExpressionLanguage
  readonly #graphs = new Map<string, WorkflowGraph>()
  readonly #ids = new WeakMap<WorkflowDefinition, string>()

  constructor(language: ExpressionLanguage = cel) {
    this.#language = language
  }

  async read(db: Reader, id: string): Promise<WorkflowGraph> {
    let graph = this.#graphs.get(id)
    if (!graph) {
      const { body } = await db.selectFrom('definitions').select('body').where('id', '=', id).executeTakeFirstOrThrow()
      graph = buildGraph(JSON.parse(body) as WorkflowDefinition, this.#language)
      if (this.#graphs.size >= GRAPHS_KEPT) this.#graphs.clear()
      this.#graphs.set(id, graph)
    }
    return graph
  }

  async write(tx: StoreTransaction, definition: WorkflowDefinition): Promise<string> {
    let id = this.#ids.get(definition)
    const body = JSON.stringify(definition)
    id ??= createHash('sha256').update(body).digest('hex').slice(0, 32)
    this.#ids.set(definition, id)
    // Asked first: two who insert one key at once wait for each other's end.
    const known = await tx.selectFrom('definitions').select('id').where('id', '=', id).executeTakeFirst()
    if (!known)
      await tx
        .insertInto('definitions')
        .values({ id, name: definition.name, body })
        .onConflict(c => c.doNothing())
        .execute()
    return id
  }
}
