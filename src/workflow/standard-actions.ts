import { systemClock } from './clock.ts'
import type { Action, Clock } from './types.ts'

/**
 * The actions every workflow may use, after Mistral's: `std.noop` does nothing, `std.echo` gives its `output` back, `std.fail` fails
 * with its `error`, `std.sleep` takes `seconds`, `std.wait` waits for somebody to complete its token.
 */
export function standardActions(clock: Clock = systemClock): Readonly<Record<string, Action>> {
  return {
    'std.noop': { run: async () => ({ outcome: 'success' }) },
    'std.echo': { run: async input => ({ outcome: 'success', data: input['output'] ?? null }) },
    'std.fail': {
      run: async input => ({
        outcome: 'error',
        error: String(input['error'] ?? 'it was told to fail'),
        retryable: input['retryable'] !== false,
      }),
    },
    'std.sleep': {
      async run(input) {
        await new Promise<void>(resolve => void clock.after(Number(input['seconds'] ?? 0) * 1000, resolve))
        return { outcome: 'success' }
      },
    },
    'std.wait': { run: async () => 'later' },
  }
}
