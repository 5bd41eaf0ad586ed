import type { Row, Value } from '../../tables/index.ts'
import type { LiveTable } from '../live/index.ts'
import type { Measure } from './measure.ts'

type Column = LiveTable['columns'][number] & { readonly of: (measure: Measure) => Value }

interface MeasuredTable {
  readonly table: string
  readonly description: string
  readonly columns: readonly Column[]
}

const text = (name: string, description: string, of: Column['of']): Column => ({
  name,
  type: 'string',
  description,
  of,
})
const number = (name: string, description: string, of: Column['of'], unit?: string): Column => ({
  name,
  type: 'number',
  ...(unit === undefined ? {} : { unit }),
  description,
  of,
})

const values = (measure: Measure) => measure.points.map(([, value]) => value)
const sum = (measure: Measure) => values(measure).reduce((total, value) => total + value, 0)
const first = (measure: Measure) => measure.points[0]![0]
const last = (measure: Measure) => measure.points.at(-1)![0]

const averageUtilization: MeasuredTable = {
  table: 'average_utilization',
  description: 'The mean of what each resource showed of each meter within the window',
  columns: [
    text('resource', 'Host or server, as the meter has it', m => m.resource),
    text('meter', 'For example `cpu-util`', m => m.meter),
    number('value', 'The mean, in the unit of the meter: % for `cpu-util`', m => rounded(sum(m) / m.points.length)),
  ],
}

const statistics: MeasuredTable = {
  table: 'statistics',
  description: 'Statistics of what each resource showed of each meter within the window, as Ceilometer gave them',
  columns: [
    text('meter_name', 'The meter', m => m.meter),
    text('resource_id', 'Host or server', m => m.resource),
    number('avg', 'Mean', m => rounded(sum(m) / m.points.length)),
    number('count', 'Points within the window', m => m.points.length),
    number('duration', 'From the first point to the last', m => last(m) - first(m), 's'),
    text('duration_start', 'The first point, ISO 8601', m => iso(first(m))),
    text('duration_end', 'The last point, ISO 8601', m => iso(last(m))),
    number('max', 'Largest value', m => rounded(Math.max(...values(m)))),
    number('min', 'Smallest value', m => rounded(Math.min(...values(m)))),
    number('period', 'What one point stands for', m => m.period, 's'),
    text('period_end', 'The same as `duration_end`', m => iso(last(m))),
    text('period_start', 'The same as `duration_start`', m => iso(first(m))),
    number('sum', 'Sum of the values', m => rounded(sum(m))),
    text('unit', 'Unit of the meter', m => m.unit ?? null),
  ],
}

export const measuredTables: readonly MeasuredTable[] = [averageUtilization, statistics]

/** A row of each measure that has points. */
export function rowsOf(table: MeasuredTable, measures: readonly Measure[]): Row[] {
  return measures.filter(m => m.points.length > 0).map(m => table.columns.map(column => column.of(m)))
}

export function liveColumns(table: MeasuredTable): LiveTable['columns'] {
  return table.columns.map(({ of: _, ...column }) => column)
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

/** Three decimals: what is measured is not known better, and a row that hardly changes should not change. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
