// W1 and W3 by SQLite (libsql) in memory, from the same files: node sqlite.mjs w1|w3 FOLDER   prints the number of rows found
import { readFileSync } from 'node:fs'
import Database from 'libsql'

const [workload, folder] = process.argv.slice(2)
const db = new Database(':memory:')

function read(file, table, columns) {
  db.exec(`CREATE TABLE ${table} (${columns})`)
  const insert = db.prepare(`INSERT INTO ${table} VALUES (?, ?)`)
  const lines = readFileSync(`${folder}/${file}`, 'latin1').split('\n')
  db.transaction(() => {
    for (const line of lines.slice(1)) if (line !== '') insert.run(line.split(','))
  })()
}

read('nova/location.csv', 'location', 'vm TEXT PRIMARY KEY, host TEXT')
let query = `SELECT count(*) AS n FROM pair JOIN location a ON a.vm = vm1 JOIN location b ON b.vm = vm2 AND b.host = a.host`
if (workload === 'w1') read('same_ha_group.csv', 'pair', 'vm1 TEXT, vm2 TEXT')
else {
  read('vm_cpu.csv', 'vm_cpu', 'vm TEXT PRIMARY KEY, cpu INTEGER')
  read('host_capacity.csv', 'capacity', 'host TEXT PRIMARY KEY, cpu INTEGER')
  query = `SELECT count(*) AS n FROM capacity c JOIN (SELECT host, sum(cpu) AS load FROM location JOIN vm_cpu USING (vm) GROUP BY host) l
    ON l.host = c.host WHERE load > c.cpu`
}
console.log(db.prepare(query).get().n)
