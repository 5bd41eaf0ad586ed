import pg from 'pg'

/*
 * Tests with a clock of their own must know when the database has answered everything, before they let time pass. SQLite answers
 * within microtasks; for PostgreSQL, questions under way are counted here.
 */

let used = false
let underWay = 0

function count<T>(answer: T): T {
  if (answer instanceof Promise) {
    used = true
    underWay++
    const done = (): void => {
      underWay--
    }
    answer.then(done, done)
  }
  return answer
}

type Method = (this: unknown, ...args: unknown[]) => unknown

for (const [prototype, name] of [
  [pg.Client.prototype, 'query'],
  [pg.Client.prototype, 'connect'],
  [pg.Pool.prototype, 'connect'],
] as const) {
  const target = prototype as unknown as Record<string, Method>
  const original = target[name]!
  target[name] = function (...args) {
    return count(original.apply(this, args))
  }
}

/** Resolves when everything that can go on without time or the outside has. */
export async function quiet(): Promise<void> {
  let still = 0
  while (still < (used ? 4 : 3)) {
    await new Promise(resolve => setImmediate(resolve))
    still = underWay === 0 ? still + 1 : 0
  }
}
