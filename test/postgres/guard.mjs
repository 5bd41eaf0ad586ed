// Ends a PostgreSQL server and removes its folder as soon as standard input closes: when the process that started both is gone,
// however it went. Arguments: process id of the server, folder.
import { readFileSync, rmSync } from 'node:fs'

const [pid, folder] = process.argv.slice(2)

/** The id may have been given to another process since: only one that runs in our folder is ended. */
function isOurs() {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
  } catch {
    return process.platform !== 'linux'
  }
}

process.stdin.resume()
process.stdin.on('close', () => {
  if (isOurs())
    try {
      process.kill(Number(pid), 'SIGQUIT')
    } catch {}
  setTimeout(() => {
    if (folder.includes('usher-pg-')) rmSync(folder, { recursive: true, force: true })
    process.exit()
  }, 1500)
})
