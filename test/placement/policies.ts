import fc from 'fast-check'
import { checkPolicies, type Program, parsePolicy } from '../../src/language/index.ts'
import type { Row, Snapshot, TableData } from '../../src/tables/index.ts'

/** A small random cloud and a random policy over it, drawn from templates that together cover the translated class. */
export interface Case {
  readonly text: string
  readonly tables: Record<string, { columns: string[]; rows: Row[] }>
}

const VMS = ['v1', 'v2', 'v3', 'v4']
const HOSTS = ['h1', 'h2', 'h3']

/** Helper rules that templates may read. */
const HELPERS = `
load(h, u) :- cap(h, _), u = sum c : { nova:location(v, h), cpu(v, c) }
share(h, u) :- cap(h, k), k > 0, u = 100 * sum c : { nova:location(v, h), cpu(v, c) } / k
guests(h, n) :- cap(h, _), n = count : { nova:location(_, h) }
used(h) :- nova:location(_, h)
idle(h) :- cap(h, _), not used(h)
hot(h) :- load(h, u), u > 5
big(v) :- cpu(v, c), c >= 3
together(a, b) :- nova:location(a, h), nova:location(b, h), a < b
spread(g, n) :- grp(g, _), n = count : { cap(h, _), has(g, h) }
has(g, h) :- grp(g, v), nova:location(v, h)
reach(a, b) :- link(a, b)
reach(a, c) :- reach(a, b), link(b, c)
`

/** `K`, `L`: small numbers; `V`: a VM; `H`: a host. Each rule's head has a name of its own, so that arities agree, and each cost a key of its own: equal weights for one key count once. */
const TEMPLATES = [
  'error("t1", h, a, b) :- grp(g, a), grp(g, b), a < b, nova:location(a, h), nova:location(b, h)',
  'error("t2", h, "", "") :- cap(h, k), u = sum c : { nova:location(v, h), cpu(v, c) }, u > k',
  'error("t3", v, "", "") :- nova:location(v, H)',
  'error("t4", v, "", "") :- big(v), not nova:location(v, H)',
  'error("t5", g, "", "") :- grp(g, a), grp(g, b), a < b, not together(a, b)',
  'error("t6", h, "", "") :- guests(h, n), n > K',
  'error("t7", h, "", "") :- guests(h, n), n = K',
  'error("t8", h, "", "") :- load(h, u), u != K, used(h)',
  'error("t9", h, "", "") :- used(h), load(h, u), u < K',
  'error("t10", h, "", "") :- cap(h, _), m = mean c : { nova:location(v, h), cpu(v, c) }, m > K',
  'error("t11", h, "", "") :- cap(h, _), m = mean c : { nova:location(v, h), cpu(v, c) }, 2 * m + 1 <= L',
  'error("t12", h, "", "") :- hot(h), not idle(h), n = count : { nova:location(v, h), big(v) }, n >= 1',
  'error("t13", g, "", "") :- spread(g, n), n < K',
  'error("t14", a, b, "") :- hot(a), hot(b), a < b',
  'error("t15", h, u, "") :- share(h, u), u > 80',
  'error("t16", "", "", "") :- n = count : { hot(h) }, n > 0, m = count : { idle(h) }, m > 0',
  'error("t17", a, b, "") :- load(a, x), load(b, y), a < b, x > y + K',
  'error("t18", v, h, "") :- nova:location(v, h), not reach("h1", h), h != "h1"',
  'error("t19", h, "", "") :- util(h, u), u > 60',
  'error("t20", h, "", "") :- util(h, u), u < 30',
  'error("t21", v, "", "") :- placement:moved(v, _, H)',
  'error("t22", h, "", "") :- cap(h, _), m = max c : { nova:location(v, h), cpu(v, c) }, m > K',
  'error("t23", h, "", "") :- cap(h, _), m = min c : { nova:location(v, h), cpu(v, c) }, m < K',
  'error("t24", h, "", "") :- cap(h, _), m = max c : { nova:location(v, h), cpu(v, c) }, 10 - 2 * m >= K',
  'error("t25", h, "", "") :- load(h, u), m = min c : { nova:location(v, h), cpu(v, c) }, u > m + K',
  'error("t26", "", "", "") :- m = max u : { load(h, u) }, m = K',
  'error("t27", "", "", "") :- m = max u : { load(h, u), used(h) }, n = min u : { load(h, u) }, m != 3, n < K',
  'error("t28", h, "", "") :- cap(h, k), s = sum k - c : { nova:location(v, h), cpu(v, c) }, s < K, s > 0',
  'error("t29", h, "", "") :- cap(h, k), s = sum k / c : { nova:location(v, h), cpu(v, c), c != 2 }, s > K',
  'error("t30", h, "", "") :- cap(h, _), s = sum u : { link(h, o), load(o, u), used(o) }, s > L',
  'cost(5, m, "c1", "worst") :- m = max u : { load(h, u) }',
  'cost(5, m, "c2", h) :- cap(h, _), m = max c : { nova:location(v, h), cpu(v, c) }',
  'warning("w1", h) :- idle(h)',
  'warning("w2", v) :- nova:location(v, h), link(h, _)',
  'warning("w3", h) :- guests(h, n), n > 1',
  'warning("w4", h) :- load(h, u), u >= K, u <= L',
  'cost(2, 1, "c3", h) :- used(h)',
  'cost(1, K, "c4", h) :- hot(h)',
  'cost(1, w, "c5", h) :- load(h, u), w = u - K, w > 0',
  'cost(3, w, "c6", h) :- load(h, u), w = 2 * u + 1, used(h)',
  'cost(1, c, "c7", v) :- nova:location(v, H), cpu(v, c)',
  'cost(2, 5, "c8", v) :- placement:moved(v, _, _)',
  'cost(1, -2, "c9", h) :- idle(h)',
  'cost(4, n, "c10", "all") :- n = count : { together(a, b) }',
  'cost(1, w, "c11", h) :- guests(h, n), w = n - K, w > 0, big(V), not nova:location(V, h)',
]

const FIXTURES = [
  'migration_budget(K)',
  'candidate(v, h) :- nova:location(v, _), cap(h, k), k > 4',
  'candidate(v, h) :- cpu(v, c), cap(h, _), c < 3',
  'migration_cost(v, c) :- cpu(v, c)',
  'migration_cost(v, f, t, c) :- nova:location(v, f), link(f, t), cpu(v, c)',
]

const PREDICT = 'predict[util(h, u)] :- cap(h, k), k > 0, u = 100 * sum c : { nova:location(v, h), cpu(v, c) } / k'

export const arbitraryCase: fc.Arbitrary<Case> = fc
  .record({
    vms: fc.integer({ min: 1, max: 4 }),
    hosts: fc.integer({ min: 1, max: 3 }),
    rules: fc.uniqueArray(fc.nat(TEMPLATES.length - 1), { minLength: 1, maxLength: 4 }),
    fixtures: fc.uniqueArray(fc.nat(FIXTURES.length - 1), { maxLength: 2 }),
    predict: fc.boolean(),
    numbers: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 12, maxLength: 12 }),
    at: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
    cpu: fc.array(fc.constantFrom(1, 2, 2.5, 3, 4), { minLength: 4, maxLength: 4 }),
    cap: fc.array(fc.constantFrom(3, 4, 6, 7, 8), { minLength: 3, maxLength: 3 }),
    measured: fc.array(fc.constantFrom(0, 10, 37.5, 62, 90), { minLength: 3, maxLength: 3 }),
    links: fc.uniqueArray(fc.tuple(fc.nat(2), fc.nat(2)), { maxLength: 4, selector: p => p.join() }),
    groups: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
  })
  .map(d => {
    const vms = VMS.slice(0, d.vms)
    const hosts = HOSTS.slice(0, d.hosts)
    let n = 0
    const number = (): number => d.numbers[n++ % d.numbers.length]!
    const fill = (template: string): string => {
      const k = number()
      return template
        .replace(/\bK\b/g, String(k))
        .replace(/\bL\b/g, String(k + 3))
        .replace(/\bH\b/g, `"${hosts[number() % hosts.length]}"`)
        .replace(/\bV\b/g, `"${vms[number() % vms.length]}"`)
    }
    const rules = [...d.rules.map(i => TEMPLATES[i]!), ...d.fixtures.map(i => FIXTURES[i]!)].map(fill)
    const bothCosts = rules.filter(r => r.startsWith('migration_cost'))
    const kept = bothCosts.length > 1 ? rules.filter(r => r !== bothCosts[1]) : rules
    return {
      text: [HELPERS, ...kept, ...(d.predict ? [PREDICT] : [])].join('\n'),
      tables: {
        'nova:location': { columns: ['vm', 'host'], rows: vms.map((v, i) => [v, hosts[d.at[i]! % hosts.length]!]) },
        cpu: { columns: ['vm', 'cpu'], rows: vms.map((v, i) => [v, d.cpu[i]!]) },
        cap: { columns: ['host', 'cap'], rows: hosts.map((h, i) => [h, d.cap[i]!]) },
        grp: {
          columns: ['group', 'vm'],
          rows: vms.flatMap((v, i) => (d.groups[i]! < 2 ? [[`g${d.groups[i]}`, v]] : [])),
        },
        link: { columns: ['from', 'to'], rows: d.links.map(([a, b]) => [HOSTS[a]!, HOSTS[b]!]) },
        util: {
          columns: ['host', 'value'],
          rows: hosts.flatMap((h, i) => (d.measured[i]! > 0 ? [[h, d.measured[i]!]] : [])),
        },
      },
    }
  })

export function programOf(c: Case): { program: Program; tables: Snapshot } {
  const tables = new Map<string, TableData>()
  for (const [table, { columns, rows }] of Object.entries(c.tables))
    tables.set(table, {
      schema: { table, columns: columns.map(name => ({ name })) },
      rows,
      provenance: { source: 'test', readAt: '2020-01-01T00:00:00Z' },
    })
  const { policy, diagnostics } = parsePolicy(c.text, 'case.dl')
  const checked = checkPolicies([policy], { schemas: [...tables.values()].map(t => t.schema) })
  const errors = [...diagnostics, ...checked.diagnostics].filter(d => d.severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(e => `${e.span?.line}: ${e.message}`).join('\n'))
  return { program: checked.program, tables }
}
