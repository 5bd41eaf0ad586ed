import type { HostChange, PlanReport } from '../../control/index.ts'
import { figure } from '../words.ts'
import { type Bar, barsOf } from './bars.ts'
import { duration, energyADay, powerChange, ticks, volume } from './units.ts'

type Move = PlanReport['moves'][number]

/** Rows of the chart; a longer one is cut, and says so. */
const ROWS = 400
/** Sizes of the chart, in pixels. */
const ROW = 26
const NAMES = 300
const BARS = 640
const AXIS = 24
const RIGHT = 90

/**
 * A plan as one page that needs nothing else: no script, no font, no picture from elsewhere (its own security policy forbids them).
 * Names come from the cloud and are escaped.
 */
export function planHtml(report: PlanReport, hosts: readonly HostChange[], made: Date): string {
  const steps = report.moves.length + report.copies.length
  const title = titleOf(report)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="dim">Made by Usher on ${safe(made.toISOString().slice(0, 16).replace('T', ' '))} UTC</p>
${figures(report)}
${steps === 0 ? '' : `<section><h2>When</h2>${gantt(report)}</section>`}
${hosts.length === 0 ? '' : `<section><h2>Hosts, before and after</h2>${hostTable(hosts)}</section>`}
${report.moves.length === 0 ? '' : `<section><h2>Moves and their reasons</h2>${moveTable(report.moves)}</section>`}
${report.copies.length === 0 ? '' : `<section><h2>Images brought to hosts first</h2>${copyTable(report)}</section>`}
${leftovers(report)}
</main>
</body>
</html>
`
}

function titleOf({ moves, copies }: PlanReport): string {
  if (moves.length > 0) return `A plan of ${plural(moves.length, 'move')}`
  return copies.length > 0
    ? `A plan of ${copies.length === 1 ? '1 copy' : `${copies.length} copies`}`
    : 'Nothing to move'
}

function figures(report: PlanReport): string {
  const before = report.violationsBefore.length
  const after = report.violationsAfter.length
  const cards: [name: string, value: string, detail: string][] = [
    ['violations', `${before} → ${after}`, after === 0 ? 'every rule holds' : 'see below'],
    [
      'migration cost',
      figure(report.cost),
      `${plural(report.moves.length, 'move')} in ${plural(steps(report), 'step')}`,
    ],
    [
      'expected time',
      duration(report.makespan),
      `likely ${duration(report.likely.low)} to ${duration(report.likely.high)}`,
    ],
    ['over the network', volume(report.volume), 'pages sent twice included'],
  ]
  if (report.power) {
    const { before, after: then } = report.power
    cards.push(['power', powerChange(report.power), before === then ? 'no change' : energyADay(before - then)])
  }
  const proof = { optimal: 'proven optimal', gap: 'proven within a gap', none: 'best found, no proof' }[report.proof]
  return `<div class="cards">${cards
    .map(
      ([name, value, detail]) =>
        `<div><span>${name}</span><strong class="${name === 'violations' ? tone(after) : ''}">${safe(value)}</strong><span class="dim">${safe(detail)}</span></div>`,
    )
    .join('')}</div>
<p class="dim">${proof}, by ${safe(report.solver)}</p>`
}

const tone = (left: number) => (left === 0 ? 'good' : 'bad')
const steps = (report: PlanReport) => Math.max(0, ...report.moves.map(move => move.step))

function gantt(report: PlanReport): string {
  const { makespan } = report
  const rows = barsOf(report)
  const shown = rows.slice(0, ROWS)
  const x = (seconds: number) => NAMES + (makespan > 0 ? (seconds / makespan) * BARS : 0)
  const bottom = shown.length * ROW
  const grid = ticks(makespan, 8).map(
    tick =>
      `<line x1="${px(x(tick))}" x2="${px(x(tick))}" y1="0" y2="${bottom}" class="grid"/>` +
      `<text x="${px(x(tick))}" y="${bottom + 16}" class="tick">${safe(duration(tick))}</text>`,
  )
  const bars = shown.map((bar, i) => {
    const { id, what, from, to, start, end, kind, critical } = bar
    const top = i * ROW
    const classes = [critical ? 'critical' : 'bar', ...(kind === 'move' ? [] : [kind])].join(' ')
    const wide = Math.max(3, x(end) - x(start))
    return (
      `<text x="${NAMES - 10}" y="${top + 17}" class="name">${safe(short(`${what}: ${from} → ${to}`))}</text>` +
      `<rect x="${px(x(start))}" y="${top + 4}" width="${px(wide)}" height="${ROW - 8}" rx="3" class="${classes}">` +
      `<title>${safe(`${id} ${what}: ${from} → ${to}, ${duration(start)} to ${duration(end)}`)}</title></rect>` +
      `<text x="${px(x(start) + wide + 6)}" y="${top + 17}" class="after">${safe(duration(end - start))}</text>`
    )
  })
  const more = rows.length > ROWS ? `<p class="dim">and ${rows.length - ROWS} more, in the tables below</p>` : ''
  return `<div class="scroll"><svg width="${NAMES + BARS + RIGHT}" height="${bottom + AXIS}" role="img" aria-label="Gantt chart of the plan">
${grid.join('\n')}
${bars.join('\n')}
</svg></div>${more}
<p class="dim">${keys(shown).join(' ')}</p>`
}

/** What the colours and outlines of the chart mean, of those it has. */
function keys(bars: readonly Bar[]): string[] {
  const key = (classes: string, meaning: string) => `<i class="key ${classes}"></i> ${meaning}`
  return [
    key('critical', 'critical path'),
    ...(bars.some(bar => !bar.critical && bar.kind !== 'copy') ? [key('bar', 'other moves')] : []),
    ...(bars.some(bar => bar.kind === 'stop') ? [key('bar stop', 'stops on the way')] : []),
    ...(bars.some(bar => bar.kind === 'copy') ? [key('bar copy', 'copies of images')] : []),
  ]
}

function copyTable({ copies }: PlanReport): string {
  const rows = copies.map(
    ({ id, image, from, to, volume: mib, after }) =>
      `<tr><td>${safe(id)}</td><th>${safe(image)}</th><td>${safe(from)} → ${safe(to)}</td>` +
      `<td class="number">${safe(volume(mib))}</td><td>${safe(after.join(', ') || 'nothing')}</td></tr>`,
  )
  return `<div class="scroll"><table><thead><tr><th></th><th>image</th><th>way</th><th class="number">size</th><th>waits for</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

function hostTable(hosts: readonly HostChange[]): string {
  const chips = (vms: readonly unknown[], kind: string) =>
    vms.map(vm => `<span class="chip ${kind}">${safe(vm)}</span>`).join(' ')
  const rows = hosts.map(
    ({ host, staying, leaving, arriving, passing }) =>
      `<tr><th>${safe(host)}</th><td>${chips(staying, '')} ${chips(leaving, 'leaves')}</td>` +
      `<td>${chips(staying, '')} ${chips(arriving, 'arrives')}${staying.length + arriving.length === 0 ? '<span class="dim">empty</span>' : ''}</td>` +
      `<td>${chips(passing, 'passes')}</td></tr>`,
  )
  const passing = hosts.some(h => h.passing.length > 0)
  return `<div class="scroll"><table class="${passing ? '' : 'no-passing'}"><thead><tr><th>host</th><th>before</th><th>after</th><th>stops on the way</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

function moveTable(moves: readonly Move[]): string {
  const rows = moves.map(
    move => `<tr><td>${safe(move.id)}</td><td>${move.step}</td><th>${safe(move.vm)}</th>
<td>${safe(move.from)} → ${safe(move.to)}${move.parking ? ' <span class="dim">(a stop on the way)</span>' : ''}</td>
<td class="number">${figure(move.cost)}</td><td>${safe(move.after.join(', ') || 'nothing')}</td>
<td>${move.because.map(b => `<code>${safe(b.instance)}</code> <span class="dim">${safe(b.rule)}</span>`).join('<br>')}</td></tr>`,
  )
  return `<div class="scroll"><table><thead><tr><th></th><th>step</th><th>vm</th><th>way</th><th class="number">cost</th><th>waits for</th><th>because</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

/** Everything that is not as one would wish, with its reason. */
function leftovers(report: PlanReport): string {
  const item = (what: string, why: string) => `<li>${what}<br><span class="dim">${why}</span></li>`
  const way = (m: PlanReport['impossible'][number]) => `<code>${safe(m.vm)}</code>: ${safe(m.from)} → ${safe(m.to)}`
  const lists: [string, string[]][] = [
    ['Still violated', report.violationsAfter.map(v => `<li><code>${safe(v.text)}</code></li>`)],
    [
      'Can not be kept, and what stands against it',
      report.unsatisfied.map(u =>
        item(
          `<code>${safe(u.instance)}</code> <span class="dim">${safe(u.rule)}</span>`,
          (u.brokenFor ? `it holds now; given up for ${safe(u.brokenFor)}<br>` : '') +
            (u.note
              ? safe(u.note)
              : u.conflict.map(c => `<code>${safe(c.instance)}</code> ${safe(c.rule)}`).join('<br>')),
        ),
      ),
    ],
    [
      'Broken for a while',
      report.brokenOnTheWay.map(b => item(`<code>${safe(b.violation)}</code>`, `during ${safe(b.during.join(', '))}`)),
    ],
    ['Left out: no safe order', report.impossible.map(m => item(way(m), safe(m.reason)))],
    ['Held: the cloud refuses to move them', report.held.map(h => item(`<code>${safe(h.vm)}</code>`, safe(h.reason)))],
    ['Set aside for another target', report.setAside.map(m => item(way(m), safe(m.reason)))],
    [
      'Not given to the solver, still checked',
      report.refused.map(r => item(`<code>${safe(r.rule)}</code>`, safe(r.reason))),
    ],
  ]
  return lists
    .filter(([, items]) => items.length > 0)
    .map(([title, items]) => `<section><h2>${title}</h2><ul>${items.join('\n')}</ul></section>`)
    .join('\n')
}

const px = (x: number) => x.toFixed(1)
const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`
const short = (text: string) => (text.length > 44 ? `${text.slice(0, 43)}…` : text)

function safe(text: unknown): string {
  const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return `${text}`.replace(/[&<>"']/g, mark => marks[mark]!)
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --dim: #667079; --line: #d9dee3; --paper: #fff; --soft: #f3f5f7; --bar: #7aa7d9; --critical: #e08a2c; --good: #1f8a4c; --bad: #c0392b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #98a2ab; --line: #333b43; --paper: #15191d; --soft: #1f252b; --bar: #4f7fb5; --critical: #d9822b; --good: #4cc27d; --bad: #ef6b5d } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 24px }
h1 { font-size: 26px; margin: 0 } h2 { font-size: 18px; margin: 32px 0 8px }
.dim { color: var(--dim); font-size: 13px } p.dim { margin: 4px 0 }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 16px 0 4px }
.cards div { background: var(--soft); border-radius: 8px; padding: 12px 16px; display: flex; flex-direction: column }
.cards span:first-child { color: var(--dim); font-size: 13px } .cards strong { font-size: 22px } .good { color: var(--good) } .bad { color: var(--bad) }
.scroll { overflow-x: auto } svg { display: block; font: 13px system-ui, sans-serif }
svg text { fill: var(--ink) } .name { text-anchor: end } .tick { text-anchor: middle; fill: var(--dim) } .after { fill: var(--dim) } .grid { stroke: var(--line) }
.bar { fill: var(--bar); background: var(--bar) } .critical { fill: var(--critical); background: var(--critical) } rect.stop { stroke: var(--ink); stroke-dasharray: 3 2 } rect.copy { fill-opacity: .45; stroke: var(--bar) } rect.copy.critical { stroke: var(--critical) }
.key { display: inline-block; width: 14px; height: 10px; border-radius: 2px; margin: 0 4px 0 12px } .key.stop { outline: 1px dashed var(--ink) } .key.copy { opacity: .5 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: 6px 10px; border-bottom: 1px solid var(--line) } thead th { color: var(--dim); font-weight: 500; font-size: 13px } .number { text-align: right } tbody th { white-space: nowrap }
.no-passing th:nth-child(4), .no-passing td:nth-child(4) { display: none }
.chip { display: inline-block; background: var(--soft); border-radius: 4px; padding: 0 7px; margin: 1px 0; font-size: 13px }
.leaves { color: var(--bad); text-decoration: line-through } .arrives { color: var(--good); font-weight: 600 } .passes { color: var(--dim); font-style: italic }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere } ul { padding-left: 20px } li { margin: 6px 0 }
@media print { main { max-width: none; padding: 0 } section { break-inside: avoid-page } }
`
