import type { CycleView } from '../types.ts'

/** Tells those who keep metrics what the control loop does. */
export class Measures {
  readonly #entered = new Map<string, { readonly stage: string; readonly at: number }>()
  readonly #listeners = new Set<MeasureListener>()

  listen(listener: MeasureListener): void {
    this.#listeners.add(listener)
  }

  decided(level: string, result: 'plan' | 'none'): void {
    for (const listener of this.#listeners) listener.decided?.(level, result)
  }

  placed(proof: string, seconds: number): void {
    for (const listener of this.#listeners) listener.placed?.(proof, seconds)
  }

  ran(result: 'done' | 'failed', seconds: number): void {
    for (const listener of this.#listeners) listener.ran?.(result, seconds)
  }

  /** A cycle has come to a stage. */
  stage(domain: string, stage: CycleView['stage']): void {
    const before = this.#entered.get(domain)
    const at = performance.now()
    if (before) for (const listener of this.#listeners) listener.left?.(before.stage, (at - before.at) / 1000)
    if (stage === 'ended') this.#entered.delete(domain)
    else this.#entered.set(domain, { stage, at })
  }
}

/** Told of what is measured. Times are in seconds. */
export interface MeasureListener {
  decided?(level: string, result: 'plan' | 'none'): void
  placed?(proof: string, seconds: number): void
  ran?(result: 'done' | 'failed', seconds: number): void
  left?(stage: string, seconds: number): void
}
