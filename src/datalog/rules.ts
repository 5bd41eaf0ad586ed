import type { CoreLiteral, CoreRule, Program } from '../language/index.ts'

/** Derived tables that depend on each other, or one alone, with their rules. */
export interface Component {
  readonly tables: readonly string[]
  readonly rules: readonly CoreRule[]
  /** Tables outside the component that its rules read. */
  readonly reads: ReadonlySet<string>
  /** Some rule reads a table of the component itself. */
  readonly recursive: boolean
}

/** The tables a body reads, those inside aggregates included; `negative` also for what aggregates read. */
export function* tablesRead(body: readonly CoreLiteral[]): Generator<{ table: string; negative: boolean }> {
  for (const l of body) {
    if (l.kind === 'atom') yield { table: l.table, negative: l.negated }
    else if (l.kind === 'aggregate') for (const { table } of tablesRead(l.body)) yield { table, negative: true }
  }
}

/**
 * The strongly connected components of the dependency graph in an order in which they can be computed (Tarjan's algorithm, with a
 * stack of its own so that long chains of rules are fine). Worked out from the rules alone: programs made by code need not keep
 * `Program.strata`.
 */
export function componentsOf(program: Pick<Program, 'rules'>): Component[] {
  const rules = new Map<string, CoreRule[]>()
  for (const rule of program.rules) {
    const list = rules.get(rule.head.table)
    if (list) list.push(rule)
    else rules.set(rule.head.table, [rule])
  }
  const reads = new Map<string, string[]>()
  for (const [table, own] of rules) {
    const set = new Set(own.flatMap(r => [...tablesRead(r.body)].map(d => d.table)).filter(t => rules.has(t)))
    reads.set(table, [...set])
  }
  return stronglyConnected([...rules.keys()], t => reads.get(t)!).map(tables => {
    const own = tables.flatMap(t => rules.get(t)!)
    const all = new Set(own.flatMap(r => [...tablesRead(r.body)].map(d => d.table)))
    const recursive = tables.some(t => all.has(t))
    for (const t of tables) all.delete(t)
    return { tables, rules: own, reads: all, recursive }
  })
}

/** Components in an order in which each comes after those it has edges to. */
export function stronglyConnected(nodes: readonly string[], edges: (node: string) => readonly string[]): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const isOpen = new Set<string>()
  const components: string[][] = []
  for (const root of nodes) {
    if (order.has(root)) continue
    const path: { node: string; edges: readonly string[]; next: number }[] = []
    const enter = (node: string) => {
      order.set(node, order.size)
      low.set(node, order.get(node)!)
      open.push(node)
      isOpen.add(node)
      path.push({ node, edges: edges(node), next: 0 })
    }
    enter(root)
    while (path.length > 0) {
      const at = path[path.length - 1]!
      if (at.next < at.edges.length) {
        const to = at.edges[at.next++]!
        if (!order.has(to)) enter(to)
        else if (isOpen.has(to)) low.set(at.node, Math.min(low.get(at.node)!, order.get(to)!))
        continue
      }
      path.pop()
      const parent = path[path.length - 1]
      if (parent) low.set(parent.node, Math.min(low.get(parent.node)!, low.get(at.node)!))
      if (low.get(at.node) !== order.get(at.node)) continue
      const component = open.splice(open.indexOf(at.node))
      for (const node of component) isOpen.delete(node)
      components.push(component)
    }
  }
  return components
}
