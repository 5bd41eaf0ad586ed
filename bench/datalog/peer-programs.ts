/**
 * W1 to W4 in the languages of the peers. Each program prints its answer: the number of rows found; for W4, which keeps W1 and W3
 * current by what each peer has for it, the two numbers after the last move.
 */
export type Workload = 'w1' | 'w2' | 'w3' | 'w4'

/** The tables that a workload reads. */
export const tablesOf: Readonly<Record<Workload, readonly string[]>> = {
  w1: ['nova:location', 'same_ha_group'],
  w2: ['edge', 'node', 'target'],
  w3: ['nova:location', 'vm_cpu', 'host_capacity'],
  w4: ['nova:location', 'same_ha_group', 'vm_cpu', 'host_capacity'],
}

type Texts = Readonly<Record<Exclude<Workload, 'w4'>, string>>

export const sql: Texts = {
  w1: 'SELECT count(*) FROM same_ha_group p JOIN location a ON a.vm = p.vm1 JOIN location b ON b.vm = p.vm2 AND b.host = a.host;\n',
  w2: `CREATE TABLE reach AS WITH RECURSIVE reach(a, b) AS (
  SELECT "from", "to" FROM edge UNION SELECT a, "to" FROM reach JOIN edge ON "from" = b) SELECT * FROM reach;
SELECT count(*) FROM (SELECT n.node, t.node FROM node n CROSS JOIN target t EXCEPT SELECT a, b FROM reach) unreached;
`,
  w3: `SELECT count(*) FROM host_capacity c JOIN (SELECT host, sum(cpu) AS load FROM location JOIN vm_cpu USING (vm) GROUP BY host) l
  ON l.host = c.host WHERE load > CAST(c.cpu AS INTEGER);
`,
}

export const asp: Texts = {
  w1: 'found(H, A, B) :- same_ha_group(A, B), location(A, H), location(B, H).\n#show found/3.\n',
  w2: `reach(A, B) :- edge(A, B).
reach(A, C) :- reach(A, B), edge(B, C).
found(A, B) :- node(A), target(B), not reach(A, B).
#show found/2.
`,
  w3: 'found(H, S) :- host_capacity(H, C), S = #sum { X, V : location(V, H), vm_cpu(V, X) }, S > C.\n#show found/2.\n',
}

export const prolog: Texts = {
  w1: 'main :- aggregate_all(count, (same_ha_group(A, B), location(A, H), location(B, H)), N), writeln(N).\n',
  // All of `reach` first: then each later call is answered from that one table.
  w2: `:- table reach/2 as subsumptive.
reach(A, B) :- edge(A, B).
reach(A, C) :- reach(A, B), edge(B, C).
main :- set_prolog_flag(table_space, 8_000_000_000), ( reach(_, _), fail ; true ),
  aggregate_all(count, (node(A), target(B), \\+ reach(A, B)), N), writeln(N).
`,
  w3: `main :- forall((location(V, H), vm_cpu(V, X)), (nb_current(H, S) -> T is S + X, nb_setval(H, T) ; nb_setval(H, X))),
  aggregate_all(count, (host_capacity(H, C), nb_current(H, S), S > C), N), writeln(N).
`,
}

/** Soufflé's program over a folder of CSV files; it prints `found`, a tab and the number of rows. */
export function souffle(workload: Exclude<Workload, 'w4'>, pathOf: (table: string) => string): string {
  const declared: Readonly<Record<string, string>> = {
    'nova:location': 'location(vm: symbol, host: symbol)',
    same_ha_group: 'same_ha_group(vm1: symbol, vm2: symbol)',
    vm_cpu: 'vm_cpu(vm: symbol, cpu: number)',
    host_capacity: 'host_capacity(host: symbol, cpu: number)',
    edge: 'edge(from: number, to: number)',
    node: 'node(node: number)',
    target: 'target(node: number)',
  }
  const inputs = tablesOf[workload].map(table => {
    const text = declared[table]!
    const name = text.slice(0, text.indexOf('('))
    return `.decl ${text}\n.input ${name}(IO=file, filename="${pathOf(table)}", delimiter=",", headers=true)\n`
  })
  const rules = {
    w1: `.decl found(h: symbol, a: symbol, b: symbol)
found(h, a, b) :- same_ha_group(a, b), location(a, h), location(b, h).
`,
    w2: `.decl reach(a: number, b: number)
.decl found(a: number, b: number)
reach(a, b) :- edge(a, b).
reach(a, c) :- reach(a, b), edge(b, c).
found(a, b) :- node(a), target(b), !reach(a, b).
`,
    w3: `.decl found(h: symbol, s: number)
found(h, s) :- host_capacity(h, c), s = sum x : { location(v, h), vm_cpu(v, x) }, s > c.
`,
  }
  return `${inputs.join('')}${rules[workload]}.printsize found\n`
}

/** Tables that follow each move by a trigger, written by hand for W1 and W3; SQLite's and PostgreSQL's triggers both run `moveSql`. */
export const followedSql = `CREATE UNIQUE INDEX location_vm ON location (vm);
CREATE UNIQUE INDEX cpu_vm ON vm_cpu (vm);
CREATE UNIQUE INDEX capacity_host ON host_capacity (host);
CREATE INDEX pair_vm1 ON same_ha_group (vm1);
CREATE INDEX pair_vm2 ON same_ha_group (vm2);
CREATE TABLE together AS SELECT a.host AS host, vm1, vm2 FROM same_ha_group
  JOIN location a ON a.vm = vm1 JOIN location b ON b.vm = vm2 AND b.host = a.host;
CREATE INDEX together_vm1 ON together (vm1);
CREATE INDEX together_vm2 ON together (vm2);
CREATE TABLE host_load AS SELECT c.host AS host, CAST(c.cpu AS INTEGER) AS capacity, coalesce(l.used, 0) AS used FROM host_capacity c
  LEFT JOIN (SELECT host, sum(CAST(cpu AS INTEGER)) AS used FROM location JOIN vm_cpu USING (vm) GROUP BY host) l ON l.host = c.host;
CREATE UNIQUE INDEX load_host ON host_load (host);
CREATE TABLE overloaded AS SELECT host, used FROM host_load WHERE used > capacity;
CREATE UNIQUE INDEX overloaded_host ON overloaded (host);
`

export const locationIndexSql = 'CREATE INDEX location_vm_host ON location (vm, host);\n'

export const moveSql = `DELETE FROM together WHERE vm1 = new.vm;
  DELETE FROM together WHERE vm2 = new.vm;
  INSERT INTO together SELECT new.host, vm1, vm2 FROM same_ha_group JOIN location o ON o.vm = vm2 AND o.host = new.host WHERE vm1 = new.vm;
  INSERT INTO together SELECT new.host, vm1, vm2 FROM same_ha_group JOIN location o ON o.vm = vm1 AND o.host = new.host WHERE vm2 = new.vm;
  UPDATE host_load SET used = used - (SELECT CAST(cpu AS INTEGER) FROM vm_cpu WHERE vm = new.vm) WHERE host = old.host;
  UPDATE host_load SET used = used + (SELECT CAST(cpu AS INTEGER) FROM vm_cpu WHERE vm = new.vm) WHERE host = new.host;
  DELETE FROM overloaded WHERE host IN (old.host, new.host);
  INSERT INTO overloaded SELECT host, used FROM host_load WHERE host IN (old.host, new.host) AND used > capacity;
`

export const followedAnswerSql = "SELECT (SELECT count(*) FROM together) || ' ' || (SELECT count(*) FROM overloaded);\n"
