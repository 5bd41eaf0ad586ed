import { z } from 'zod'

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const rows = z.array(z.array(value)).default([])

/** One line of a `*.change.jsonl` file. */
export const change = z.strictObject({ table: z.string().min(1), removed: rows, inserted: rows })
