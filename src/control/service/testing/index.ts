export { type CloudServer, serveCloud } from './cloud-server.ts'
export { type Replica, startReplica } from './replicas.ts'
export { simulatorSource, type TableSource, tableSource } from './table-source.ts'
export { openTestService, type TestService, testConfig } from './test-service.ts'
