import { createHash } from 'node:crypto'
import type { Diagnostic } from '../../diagnostic/index.ts'
import type { PoliciesTable } from '../../store/index.ts'
import { moment } from './parts.ts'
import type { PolicyDetail, PolicyMode, PolicySummary } from './types.ts'

/** A policy as it is stored. */
export type PolicyRecord = Readonly<PoliciesTable>

export function detailOf(record: PolicyRecord, stopped: Diagnostic | undefined): PolicyDetail {
  const { id, name, description, mode, version, text } = record
  return {
    ...{ id, name, description, mode: mode as PolicyMode, active: record.active === 1, version },
    etag: etagOf(record),
    createdAt: moment(record.created_at),
    changedAt: moment(record.changed_at),
    changedBy: record.changed_by,
    ...(stopped && { stopped }),
    text,
  }
}

export function summaryOf(record: PolicyRecord, stopped: Diagnostic | undefined): PolicySummary {
  const { text: _, ...summary } = detailOf(record, stopped)
  return summary
}

/** Changes with the version, and differs between policies of one name that came one after the other. */
export function etagOf({ id, version }: Pick<PolicyRecord, 'id' | 'version'>): string {
  return createHash('sha256').update(`${id}/${version}`).digest('hex').slice(0, 16)
}
