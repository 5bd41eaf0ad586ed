/**
 * Threads: work that would keep this thread from answering, or that more than one processor should do.
 * Takes a module, gives a thread that runs it. Knows nothing of what the module does.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Start a module in a thread. It inherits no options of this process, and what it prints is dropped: it must not mix with the output of a
 * command, and reading it would keep the process alive.
 * @param module from the module that asks, without its extension: `./worker`
 * @param from that module's `import.meta.url`
 */
export function startThread(module: string, from: string, options: WorkerOptions = {}): Worker {
  return new Worker(entryPoint(module, from), { execArgv: [], stdout: true, stderr: true, ...options })
}

/**
 * The compiled module, or, run from source, a few lines that register tsx first: on Node 20 a loader given to a thread by `--import` is
 * not applied to the thread's own file. tsx is found from here, not from the working directory.
 */
function entryPoint(module: string, from: string): URL {
  if (!from.endsWith('.ts')) return new URL(`${module}.js`, from)
  // tsx's CommonJS entry looks for its own files in a wrong folder, hence the path of the ES module.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))
  const lines = [
    `import { register } from ${JSON.stringify(new URL('./dist/esm/api/index.mjs', tsx).href)}`,
    `register()`,
    `await import(${JSON.stringify(new URL(`${module}.ts`, from).href)})`,
  ]
  return new URL(`data:text/javascript,${encodeURIComponent(lines.join('\n'))}`)
}
