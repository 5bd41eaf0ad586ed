// SQLite (libsql) in memory, from CSV files: node sqlite.mjs JOB.json   prints the answer; with moves, also microseconds for one.
// JOB: { tables: [name, path][], setup: SQL, answer: SQL, moves: [vm, host][] }
import { readFileSync } from 'node:fs'
import Database from 'libsql'

const { tables, setup, answer, moves } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const db = new Database(':memory:')

for (const [name, path] of tables) {
  const [header, ...lines] = readFileSync(path, 'latin1').trimEnd().split('\n')
  const columns = header.split(',')
  db.exec(`CREATE TABLE ${name} (${columns.map(c => `"${c}" TEXT`).join()})`)
  const insert = db.prepare(`INSERT INTO ${name} VALUES (${columns.map(() => '?').join()})`)
  db.transaction(() => {
    for (const line of lines) insert.run(line.split(','))
  })()
}
db.exec(setup)
let perMove = ''
if (moves.length > 0) {
  const move = db.prepare('UPDATE location SET host = ? WHERE vm = ?')
  const started = performance.now()
  for (const [vm, host] of moves) move.run([host, vm])
  perMove = ` ${((performance.now() - started) * 1000) / moves.length}`
}
console.log(`${Object.values(db.prepare(answer).get())[0]}${perMove}`)
