export { simulatorSource, type TableSource, tableSource } from './table-source.ts'
export { openTestService, type TestService, testConfig } from './test-service.ts'
