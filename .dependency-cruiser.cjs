// Imports follow the data's way. Each room lists the rooms it may import from; everything else fails `npm run imports`.
// A room's inside is private: from outside, only its index.ts may be imported.
const base = ['diagnostic', 'tables', 'language', 'store']
const may = {
  diagnostic: [],
  threads: [],
  tables: ['diagnostic'],
  language: ['diagnostic', 'tables'],
  store: ['diagnostic'],
  datalog: ['diagnostic', 'tables', 'language'],
  sql: ['diagnostic', 'tables', 'language'],
  datasources: base,
  solvers: ['diagnostic', 'threads'],
  placement: [...base, 'threads', 'datalog', 'solvers'],
  plan: [...base, 'datalog', 'placement'],
  workflow: ['diagnostic', 'store'],
  control: [...base, 'threads', 'datalog', 'sql', 'datasources', 'solvers', 'placement', 'plan', 'workflow'],
  api: ['diagnostic', 'tables', 'store', 'control'],
  cli: [...base, 'datalog', 'sql', 'datasources', 'solvers', 'placement', 'plan', 'workflow', 'control', 'api'],
}
const folder = room => (room === 'solvers' ? 'solvers' : `src/${room}`)
const rooms = Object.keys(may)

module.exports = {
  forbidden: [
    // An empty list of paths would match everything: a room that may import every other has no such rule.
    ...rooms
      .map(room => ({ room, barred: rooms.filter(r => r !== room && !may[room].includes(r)) }))
      .filter(({ barred }) => barred.length > 0)
      .map(({ room, barred }) => ({
        name: `${room}-imports-against-the-data's-way`,
        severity: 'error',
        from: { path: `^${folder(room)}/` },
        to: { path: barred.map(r => `^${folder(r)}/`) },
      })),
    ...rooms.map(room => ({
      name: `${room}-is-entered-by-its-index`,
      severity: 'error',
      from: { path: '^(src|solvers)/', pathNot: `^${folder(room)}/` },
      to: { path: `^${folder(room)}/`, pathNot: `^${folder(room)}/(index\\.ts$|testing/)` },
    })),
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^(src|solvers)/', pathNot: '(\\.test\\.ts$|/testing/)' },
      to: { path: '(\\.test\\.ts$|/testing/|^test/)' },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^glpk\\.js' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
