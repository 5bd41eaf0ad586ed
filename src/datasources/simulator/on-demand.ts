import type { Simulator, SimulatorOptions } from './simulator.ts'

/** Bring up a simulated cloud. Its code loads now: most runs read a folder of tables and need none. Rejects as `simulator.ts` throws. */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = await import('./simulator.ts')
  return simulator.createSimulator(options)
}
