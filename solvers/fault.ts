/**
 * A solver broke or answered wrongly: our trouble or the solver's, never the user's. The chain catches it, notes the reason and asks
 * the next solver.
 */
export class SolverFault extends Error {
  readonly solver: string
  /** In words, fit for the `declined` list. */
  readonly reason: string
  /** Set when the solver claims that this objective falls without end; a property of the model rather than of the solver. */
  readonly unboundedObjective: string | undefined

  constructor(solver: string, reason: string, more: { unboundedObjective?: string; cause?: unknown } = {}) {
    super(`${solver}: ${reason}`, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'SolverFault'
    this.solver = solver
    this.reason = reason
    this.unboundedObjective = more.unboundedObjective
  }
}
