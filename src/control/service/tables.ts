import { simulate } from '../../datalog/index.ts'
import type { LiveSource } from '../../datasources/index.ts'
import { fail, nearestName } from '../../diagnostic/index.ts'
import type { TableInfo } from '../../language/index.ts'
import type { Row } from '../../tables/index.ts'
import type { WorkflowEngine } from '../../workflow/index.ts'
import { limitOf, pageOf, readCursor } from './page.ts'
import type { Parts } from './parts.ts'
import type { PolicyBook } from './policies.ts'
import type { Pushes } from './pushes.ts'
import { writeAudit } from './record/audit.ts'
import type { Actor, Page, PageRequest, SourceView, Tables, TableView, TracedRow } from './types.ts'
import { type LiveWorld, positionOf } from './world/live-world.ts'

/** Rows that may be explained in one answer. */
const MOST_TRACED = 100

/** Tables of policies and data sources, as they are in memory. */
export class TableReader implements Tables {
  readonly #parts: Parts
  readonly #world: LiveWorld
  readonly #policies: PolicyBook
  readonly #pushes: Pushes
  readonly #engine: WorkflowEngine

  constructor(parts: Parts, world: LiveWorld, policies: PolicyBook, pushes: Pushes, engine: WorkflowEngine) {
    this.#parts = parts
    this.#world = world
    this.#policies = policies
    this.#pushes = pushes
    this.#engine = engine
  }

  async ofPolicy(idOrName: string): Promise<readonly TableView[]> {
    const record = this.#policies.find(idOrName)
    if (!record)
      return unknown(
        'policy',
        idOrName,
        this.#policies.records.map(({ name }) => name),
      )
    const own = [...this.#world.program.tables.values()].filter(
      ({ policy, kind }) => policy === record.name && kind === 'derived',
    )
    return own.map(info => this.#viewOf(info)).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async sources(): Promise<readonly SourceView[]> {
    return this.#world.sources.map(viewOfSource)
  }

  async source(idOrName: string): Promise<SourceView | undefined> {
    const source = this.#world.sources.find(({ name }) => name === idOrName)
    return source && viewOfSource(source)
  }

  async rows(table: string, request: PageRequest & { readonly trace?: boolean }): Promise<Page<TracedRow> | undefined> {
    const { program, evaluator } = this.#world
    if (!program.tables.has(table) && !this.#world.sources.some(s => s.tables.some(t => t.table === table)))
      return undefined
    const limit = request.trace ? Math.min(limitOf(request), MOST_TRACED) : limitOf(request)
    const after = readCursor<Row>(request.cursor)
    const all = this.#world.rows(table)
    let from = 0
    if (after) {
      from = positionOf(all, after)
      if (JSON.stringify(all[from]) === JSON.stringify(after)) from++
    }
    const page = pageOf(all.slice(from, from + limit + 1), limit, row => row)
    const trace = (row: Row) => {
      const derivation = request.trace ? evaluator.explain({ table, row }) : undefined
      return derivation ? { derivation } : {}
    }
    return { ...page, items: page.items.map(row => ({ row, ...trace(row) })) }
  }

  async push(source: string, table: string, rows: readonly (readonly unknown[])[], actor: Actor): Promise<void> {
    await this.#pushes.push(this.#known(source), table, rows, actor)
  }

  async refresh(source: string, actor: Actor): Promise<void> {
    const { store, clock } = this.#parts
    const found = this.#known(source)
    await store.transaction(tx => writeAudit(tx, clock.now(), actor, { action: 'source.refresh', subject: found.name }))
    await found.refresh()
  }

  async execute(
    source: string,
    action: string,
    input: Readonly<Record<string, unknown>>,
    actor: Actor,
  ): Promise<string> {
    const found = this.#known(source)
    const known = found.actions.find(({ name }) => name === action || name === `${source}:${action}`)
    if (!known)
      return unknown(
        'action',
        action,
        found.actions.map(({ name }) => name),
      )
    const missing = known.inputs.filter(({ name, required }) => required && input[name] === undefined)
    if (missing.length > 0)
      fail('control/action-input', `\`${known.name}\` needs ${missing.map(({ name }) => `\`${name}\``).join(', ')}`, {
        help: `it takes ${known.inputs.map(({ name }) => `\`${name}\``).join(', ')}`,
      })
    const { store, clock } = this.#parts
    const definition = { name: 'action', tasks: { act: { action: known.name, input } } }
    const id = await this.#engine.start(definition, { by: actor.id, action: known.name, input })
    await store.transaction(tx =>
      writeAudit(tx, clock.now(), actor, { action: 'action.execute', subject: known.name, after: { input, id } }),
    )
    return id
  }

  async simulate({ policy, query, sequence, delta, trace }: Parameters<Tables['simulate']>[0]) {
    const { evaluator, program } = this.#world
    const answer = simulate(evaluator, program, { policy, query, sequence, trace: trace ?? false })
    const text = (rows: readonly Row[]) => rows.map(row => JSON.stringify(row))
    const result = delta
      ? [...text(answer.inserted).map(row => `+${row}`), ...text(answer.removed).map(row => `-${row}`)]
      : text(answer.after.rows)
    return { result, ...(trace && { trace: answer.steps.map(step => step.text).join('\n') }) }
  }

  #viewOf({ name, columns, arity }: TableInfo): TableView {
    const named = columns ?? Array.from({ length: arity }, (_, i) => `column ${i + 1}`)
    return { name, columns: named, count: this.#world.evaluator.view.count(name) }
  }

  #known(name: string): LiveSource {
    const { sources } = this.#world
    return (
      sources.find(source => source.name === name) ??
      unknown(
        'data source',
        name,
        sources.map(s => s.name),
      )
    )
  }
}

function viewOfSource(source: LiveSource): SourceView {
  const { name, driver, description, tables, actions } = source
  return { id: name, name, driver, description, status: source.status(), tables, actions }
}

function unknown(what: 'policy' | 'data source' | 'action', name: string, names: readonly string[]): never {
  const near = nearestName(name, names)
  const help = near ? `did you mean \`${near}\`?` : `there are ${names.map(n => `\`${n}\``).join(', ') || 'none'}`
  const message = `there is no ${what} \`${name}\``
  if (what === 'policy') return fail('control/unknown-policy', message, { help })
  if (what === 'action') return fail('control/unknown-action', message, { help })
  return fail('control/unknown-source', message, { help })
}
