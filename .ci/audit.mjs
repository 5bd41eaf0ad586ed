// Known weaknesses of the libraries that usher ships with, as far as the registry tells. Where it does not answer, that is said, and
// nothing fails: no answer is not a finding. Exit code 1: there are some of high or critical severity.
import { spawnSync } from 'node:child_process'

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' })
let report
try {
  report = JSON.parse(stdout)
} catch {}

if (!report?.auditReportVersion) {
  const lines = [...stderr.split('\n'), String(report?.message ?? report?.error?.summary ?? '')]
  const why = lines.find(line => /audit|ENOTFOUND|ECONN|ETIMEDOUT/i.test(line)) ?? 'it gave no report'
  console.log(`not checked: the registry does not answer (${why.replace(/^npm (warn|error) /, '').replaceAll(/https?:\S+/g, 'the registry').trim()})`)
  process.exit(0)
}

const found = Object.values(report.vulnerabilities)
for (const { name, severity, range, via, fixAvailable } of found) {
  const titles = via.filter(one => typeof one === 'object').map(one => one.title)
  console.log(`${severity}: ${name} ${range}${titles.length > 0 ? `: ${titles.join('; ')}` : ''}${fixAvailable ? ' (mended in a newer version)' : ''}`)
}
const serious = found.filter(({ severity }) => ['high', 'critical'].includes(severity)).length
console.log(`checked: ${found.length} weak libraries, ${serious} of them seriously`)
process.exit(serious > 0 ? 1 : 0)
