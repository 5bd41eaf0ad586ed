// Reads vitest's JSON report and the names of the gates that failed; prints what failed and, last, `N passed, N failed`.
import { readFileSync } from 'node:fs'

const [report, ...failedGates] = process.argv.slice(2)
let passed = 0
let failed = 0
try {
  const results = JSON.parse(readFileSync(report, 'utf8'))
  passed = results.numPassedTests
  for (const file of results.testResults) {
    const failures = file.assertionResults.filter(test => test.status === 'failed')
    for (const test of failures) console.log(`failed: ${file.name}: ${test.fullName}`)
    if (failures.length === 0 && file.status === 'failed') console.log(`failed: ${file.name} did not load`)
    failed += failures.length || (file.status === 'failed' ? 1 : 0)
  }
} catch {
  console.log('no tests ran')
}
for (const gate of failedGates) console.log(`failed gate: ${gate}`)
// A gate that failed without a failed test behind it (types, lint, dead code) counts as one failure.
if (failed === 0) failed = failedGates.length
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
