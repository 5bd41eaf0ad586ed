/** Solves a small model and does nothing else: the process has to end by itself though a worker is kept. */
import { solveModel } from '../index.ts'
import { assignment } from './models.ts'

const { objective } = await solveModel(assignment(2, 3, 6))
console.log(JSON.stringify(objective))
