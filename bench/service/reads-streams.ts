/*
 * One process that holds so many streams of events open, for the benchmark of reads. Says `{ open }` when all are; takes anything, and
 * says `{ bytes, events }` that have come so far; ends at the end of its input.
 */
import { createInterface } from 'node:readline'
import { follow } from './sse-client.ts'

const settings = JSON.parse(process.argv[2]!) as { port: number; token: string; streams: number }
let bytes = 0
let events = 0
const streams = []
for (let i = 0; i < settings.streams; i++)
  streams.push(
    await follow(settings, '/v2/events', text => {
      bytes += text.length
      for (let at = text.indexOf('\nevent:'); at >= 0; at = text.indexOf('\nevent:', at + 1)) events++
    }),
  )
say({ open: streams.length })
for await (const _ of createInterface({ input: process.stdin })) say({ bytes, events })
for (const stream of streams) stream.close()

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
