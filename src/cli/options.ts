import { type Command, InvalidArgumentError, Option } from 'commander'
import type { EvaluationLimits } from '../datalog/index.ts'
import { fail } from '../diagnostic/index.ts'
import type { PlaceOptions } from '../placement/index.ts'

/** Options of commands that read a cloud. */
export interface DataOptions {
  readonly data?: string
  readonly change: readonly string[]
}

/** Options of commands that solve something. */
export interface SolveOptions {
  readonly solver?: string
  readonly timeLimit?: number
  readonly gap?: number
  readonly seed?: number
}

/** Options of commands that evaluate. */
export interface LimitOptions {
  readonly limitTime?: number
  readonly limitTuples?: number
  readonly limitMemory?: number
}

/** What an evaluation wants of these options; undefined when there is no limit. */
export function limitsOf({ limitTime, limitTuples, limitMemory }: LimitOptions): EvaluationLimits | undefined {
  if (limitTime === undefined && limitTuples === undefined && limitMemory === undefined) return undefined
  return {
    ...(limitTime !== undefined && { milliseconds: limitTime * 1000 }),
    ...(limitTuples !== undefined && { derivedTuples: limitTuples }),
    ...(limitMemory !== undefined && { megabytes: limitMemory }),
  }
}

export function addLimitOptions(command: Command): Command {
  return command
    .option('--limit-time <seconds>', 'go on without a policy, or stop the query, after this time', positive)
    .option('--limit-tuples <number>', 'the same when it derives more tuples than this', wholeNumber)
    .option('--limit-memory <MB>', 'the same when what it derives takes more memory than this', positive)
}

/** What placement wants of these options. */
export function placeOptions({ solver, timeLimit, gap, seed }: SolveOptions): PlaceOptions {
  return {
    ...(solver !== undefined && { solver }),
    ...(timeLimit !== undefined && { timeLimitSeconds: timeLimit }),
    ...(gap !== undefined && { gap }),
    ...(seed !== undefined && { seed }),
  }
}

export function addDataOptions(command: Command, required = true): Command {
  const data = new Option('--data <folder>', 'folder with the tables: nova/servers.csv is the table nova:servers')
  return command
    .addOption(required ? data.makeOptionMandatory() : data)
    .addOption(
      new Option('--change <file>', 'apply the changes of this file (JSON lines) on top of the data; may be repeated')
        .argParser((file: string, before: readonly string[]) => [...before, file])
        .default([], 'none'),
    )
}

/** Of commands that take `--cloud` in place of `--data`. */
export function needsData({ data }: Pick<DataOptions, 'data'>): void {
  if (data === undefined)
    fail('cli/no-tables', 'there are no tables to look at', {
      help: 'give a folder as `--data`, or a cloud as `--cloud`',
    })
}

export function notBoth({ data, change }: DataOptions): void {
  if (data !== undefined || change.length > 0)
    fail('cli/cloud-and-data', '`--cloud` and `--data` (or `--change`) are two clouds', { help: 'give one of them' })
}

export function addSolveOptions(command: Command): Command {
  return command
    .option('--solver <name>', 'ask this solver first (see `usher solvers`)')
    .option('--time-limit <seconds>', 'stop solving after this time and take the best found', positive)
    .option(
      '--gap <fraction>',
      'take an answer that is proven to be within this of the best, for example 0.01',
      fraction,
    )
    .option('--seed <number>', 'start of the pseudo-random choices, for runs that repeat', wholeNumber)
}

/** Examples under a command's help. */
export function examples(command: Command, pairs: readonly (readonly [command: string, meaning: string])[]): Command {
  const text = pairs.map(([line, meaning]) => `  # ${meaning}\n  ${line}`).join('\n\n')
  return command.addHelpText('after', `\nExamples:\n${text}`)
}

function positive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

export function notNegative(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number, 0 or above.')
  return value
}

export function atLeastOne(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1.')
  return value
}

function fraction(text: string): number {
  const value = notNegative(text)
  if (value >= 1) throw new InvalidArgumentError('It must be below 1: 0.01 is one per cent.')
  return value
}

function wholeNumber(text: string): number {
  const value = notNegative(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number, 0 or above.')
  return value
}
