/** What a notification says, of either format. */
export interface Notification {
  /** For example `instance.create.end`, or `compute.instance.create.end` in the older format. */
  readonly event: string
  /** Of the versioned format: what is within its envelope. */
  readonly payload: Readonly<Record<string, unknown>>
}

/**
 * Read a message as oslo.messaging sends it: the notification as JSON text within a JSON envelope, or bare as old releases do.
 * Undefined: it is none.
 */
export function readMessage(body: unknown): Notification | undefined {
  const envelope = objectOf(body)
  if (!envelope) return undefined
  const message = 'oslo.message' in envelope ? objectOf(envelope['oslo.message']) : envelope
  const event = message?.['event_type']
  const payload = objectOf(message?.['payload'])
  if (typeof event !== 'string' || !payload) return undefined
  return { event, payload: objectOf(payload['nova_object.data']) ?? payload }
}

/** An object, as itself or as JSON text or bytes. */
function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (value instanceof Uint8Array) return objectOf(new TextDecoder().decode(value))
  if (typeof value === 'string') {
    try {
      return objectOf(JSON.parse(value) as unknown)
    } catch {
      return undefined
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}
