#!/usr/bin/env node
/**
 * The `usher` command. Knows streams and exit codes; `run.ts` knows the commands; `control` does the work.
 */
import { exitCodes, OutputError, processIo } from './io.ts'
import { reportOutputFailure, run } from './run.ts'

const io = processIo()
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // `usher … | head` closes the pipe early: that is the reader's right, no failure of ours.
    if (error.code === 'EPIPE') process.exit(exitCodes.fine)
    process.exit(stream === process.stdout ? reportOutputFailure(new OutputError(error), io) : exitCodes.badInput)
  })

process.exitCode = await run(process.argv.slice(2), io)
